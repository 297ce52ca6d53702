import type { DIDResolutionResult } from 'did-resolver'
import {
  createDidResolver,
  jwkDriver,
  keyDriver,
  keyReport,
  parseDidUrl,
  remoteReport,
  remoteSidetree,
  sidetreeDriver,
  webDriver,
  webReport,
} from '../../did-methods/index.ts'
import type { JsonObject } from '../codec/json.ts'
import type { VersionOptions } from '../node/types.ts'
import type { ReportBuilder } from '../trust/builder.ts'
import { EXIT, exitStatus } from '../trust/exit-status.ts'
import { DEFAULT_POLICY, type Policy } from '../trust/policy.ts'
import type { TrustReport } from '../trust/types.ts'
import type { NodeClient } from './client.ts'
import { CliError, NodeProblem } from './errors.ts'

/** A resolution, and what it stands on. */
export interface Resolved {
  resolution: JsonObject
  report: TrustReport
  /** Exit status of a command that resolves. */
  status: number
  /** Whose report it is, where it was not worked out by this command. */
  origin?: string
  /** The report of a node that is not the operator's own: its word. */
  theirs?: TrustReport
}

export interface ResolveOptions {
  client: NodeClient
  version: VersionOptions
  /** Ids of roots that the user accepts for this resolution. */
  accept: readonly string[]
  allowPrivate: boolean
  timeoutMs: number
}

/**
 * Resolves a DID: did:key and did:jwk from the DID alone, did:web from its host, every other by a node.
 * @throws CliError RESOLUTION_FAILED, USAGE; DidError, NodeProblem, NetError
 */
export async function resolveDid(did: string, options: ResolveOptions): Promise<Resolved> {
  const { method } = parseDidUrl(did)
  if (method === 'key' || method === 'jwk') return fromDidItself(did, options)
  if (method === 'web') return fromHost(did, options)
  return options.client.isOwn ? fromOwnNode(did, options) : fromOtherNode(did, method, options)
}

async function fromOwnNode(did: string, { client, version, accept }: ResolveOptions): Promise<Resolved> {
  const { resolution, report } = await client.explain(did, version)
  requireRoots(report, accept)
  const origin = `the node at ${client.url}, taken as your own: it is on this machine and its token is at hand`
  return { resolution, report, status: exitStatus(report), origin }
}

async function fromDidItself(did: string, options: ResolveOptions): Promise<Resolved> {
  const { version } = options
  const result = await createDidResolver(keyDriver(), jwkDriver()).resolve(did, { ...version })
  requireFound(result)
  return judged(result, await keyReport(did, result, { now: new Date(), options: { ...version } }), options)
}

async function fromHost(did: string, options: ResolveOptions): Promise<Resolved> {
  const { allowPrivate, timeoutMs, version } = options
  const result = await createDidResolver(webDriver({ allowPrivate, timeoutMs })).resolve(did, { ...version })
  requireFound(result)
  return judged(result, webReport(did, result, { now: new Date() }), options)
}

/** What a node that is not the operator's own says is its word. */
async function fromOtherNode(did: string, method: string, options: ResolveOptions): Promise<Resolved> {
  const { client, version, timeoutMs } = options
  const resolver = createDidResolver(
    sidetreeDriver({
      methods: [method],
      resolver: remoteSidetree(client.url, { allowHttp: true, allowPrivate: true, timeoutMs }),
    }),
  )
  const result = await resolver.resolve(did, { ...version })
  requireFound(result)
  const theirs = await reportOf(client, did, version)
  const given = theirs === undefined ? {} : { theirs }
  const answer = { now: new Date(), url: client.url, pinnedBy: 'request', ...given } as const
  const resolved = judged(result, remoteReport(did, result, answer), options)
  const ended = isBelieved(resolved.report) && result.didDocumentMetadata.deactivated === true
  return { ...resolved, status: exitStatus(resolved.report, { ended }), ...given }
}

/** Whether the user accepts the node. */
function isBelieved({ edges }: TrustReport): boolean {
  return edges.some(edge => edge.accepted === true)
}

/** The node's own report; undefined where it is a resolver that gives none. */
async function reportOf(
  client: NodeClient,
  did: string,
  version: VersionOptions,
): Promise<TrustReport | undefined> {
  try {
    return (await client.explain(did, version)).report
  } catch (error) {
    if (error instanceof NodeProblem) return undefined
    if (error instanceof CliError && error.code === 'NODE_ANSWER_INVALID') return undefined
    throw error
  }
}

function judged(result: DIDResolutionResult, builder: ReportBuilder, { accept }: ResolveOptions): Resolved {
  const policy: Policy = {
    ...DEFAULT_POLICY,
    accept: [...DEFAULT_POLICY.accept, ...accept.map(id => ({ id }))],
  }
  const report = builder.build(policy)
  requireRoots(report, accept)
  return { resolution: result as unknown as JsonObject, report, status: exitStatus(report) }
}

function requireRoots({ roots }: TrustReport, accept: readonly string[]): void {
  const unknown = accept.find(id => !roots.some(root => root.id === id))
  if (unknown === undefined) return
  const ids = roots.map(root => root.id).join(', ')
  throw new CliError('USAGE', `the report names no root ${unknown}: its roots are ${ids}`)
}

/** @throws CliError RESOLUTION_FAILED where a driver gave no result */
function requireFound({ didResolutionMetadata }: DIDResolutionResult): void {
  const { error, code, errorMessage } = didResolutionMetadata
  if (error === undefined) return
  const later = error === 'notFound' || error === 'internalError' || error === 'invalidDidDocument'
  const status = code === 'FETCH_REFUSED' ? EXIT.policy : later ? EXIT.undecided : EXIT.usage
  const reason = typeof errorMessage === 'string' ? errorMessage : error
  throw new CliError('RESOLUTION_FAILED', `${reason} (${typeof code === 'string' ? code : error})`, {
    status,
  })
}
