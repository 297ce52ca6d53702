import type { DIDResolutionResult } from 'did-resolver'
import {
  createDidResolver,
  jwkDriver,
  keyDriver,
  parseDidUrl,
  remoteSidetree,
  sidetreeDriver,
  webDriver,
} from '../../did-methods/index.ts'
import { isJsonObject, type JsonObject } from '../codec/json.ts'
import type { VersionOptions } from '../node/types.ts'
import { ReportBuilder } from '../trust/builder.ts'
import { EXIT, exitStatus } from '../trust/exit-status.ts'
import { DEFAULT_POLICY, type Policy } from '../trust/policy.ts'
import { remoteNode, thisSoftware, webConnection, webHost } from '../trust/roots.ts'
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
  if (method === 'key' || method === 'jwk') return fromDidItself(did, method, options)
  if (method === 'web') return fromHost(did, options)
  return options.client.isOwn ? fromOwnNode(did, options) : fromOtherNode(did, method, options)
}

async function fromOwnNode(did: string, { client, version, accept }: ResolveOptions): Promise<Resolved> {
  const { resolution, report } = await client.explain(did, version)
  requireRoots(report, accept)
  const origin = `the node at ${client.url}, taken as your own: it is on this machine and its token is at hand`
  return { resolution, report, status: exitStatus(report), origin }
}

async function fromDidItself(did: string, method: 'key' | 'jwk', options: ResolveOptions): Promise<Resolved> {
  const resolver = createDidResolver(keyDriver(), jwkDriver())
  const resolution = found(await resolver.resolve(did, { ...options.version }))
  const builder = new ReportBuilder({ now: new Date() })
  const [subject, key] = [
    builder.node({ id: 'did', kind: 'did', label: did }),
    builder.node({ id: 'key', kind: 'key', label: 'key that the DID encodes' }),
  ]
  const software = builder.root(thisSoftware())
  const code = method === 'key' ? 'DID_KEY_DECODED' : 'DID_JWK_DECODED'
  const detail = 'The document was made from the DID.'
  const needs = [
    builder.edge({ from: subject, to: key, code, result: 'pass', detail }),
    builder.edge({
      from: key,
      to: software,
      code: 'SELF_CERTIFYING',
      result: 'pass',
      detail: 'The DID is its key.',
    }),
  ]
  builder.claim({
    id: 'document',
    statement: 'This is the document of the DID.',
    node: subject,
    needs: { all: needs },
  })
  builder.notShown('That the key is still in use: such a DID can be neither changed nor ended.')
  builder.notShown('Who controls the DID in the world: a DID is a key and not a name.')
  return judged(resolution, builder, options)
}

async function fromHost(did: string, options: ResolveOptions): Promise<Resolved> {
  const { allowPrivate, timeoutMs, version } = options
  const resolver = createDidResolver(webDriver({ allowPrivate, timeoutMs }))
  const resolution = found(await resolver.resolve(did, { ...version }))
  const metadata = resolution['didResolutionMetadata']
  const source = String(isJsonObject(metadata) ? metadata['source'] : '')
  const host = new URL(source).host
  const builder = new ReportBuilder({ now: new Date() })
  const subject = builder.node({ id: 'did', kind: 'did', label: did })
  const document = builder.node({ id: 'document-file', kind: 'file', label: `document at ${source}`, source })
  const [connection, owner] = [builder.root(webConnection()), builder.root(webHost(host, 'request'))]
  const edge = (code: 'DID_DOCUMENT_ID' | 'DID_WEB_TLS' | 'DID_WEB_FETCHED', to: string, detail: string) =>
    builder.edge({ from: code === 'DID_DOCUMENT_ID' ? subject : document, to, code, result: 'pass', detail })
  const needs = [
    edge('DID_DOCUMENT_ID', document, 'The document names this DID as its id.'),
    edge('DID_WEB_TLS', connection, `The certificate is one for ${host} that this machine accepts.`),
    edge('DID_WEB_FETCHED', owner, 'The host answered with this document.'),
  ]
  builder.claim({
    id: 'document',
    statement: 'This is the document of the DID.',
    node: subject,
    needs: { all: needs },
  })
  builder.notShown('What the document said before, or says to others: a web server keeps no history.')
  return judged(resolution, builder, options)
}

/** What a node that is not the operator's own says is one edge: its word. */
async function fromOtherNode(did: string, method: string, options: ResolveOptions): Promise<Resolved> {
  const { client, version, timeoutMs } = options
  const resolver = createDidResolver(
    sidetreeDriver({
      methods: [method],
      resolver: remoteSidetree(client.url, { allowHttp: true, allowPrivate: true, timeoutMs }),
    }),
  )
  const resolution = found(await resolver.resolve(did, { ...version }))
  const theirs = await reportOf(client, did, version)
  const builder = new ReportBuilder({ now: new Date() })
  const subject = builder.node({ id: 'did', kind: 'did', label: did })
  const node = builder.root(remoteNode(client.url, 'request'))
  const result = theirs === undefined || theirs.verdict === 'verified' ? 'pass' : 'undecided'
  const detail =
    theirs === undefined
      ? 'It answered with this document, and with no report.'
      : `It says of its own answer: ${theirs.summary}`
  const needs = builder.edge({ from: subject, to: node, code: 'REMOTE_NODE', result, detail })
  builder.claim({ id: 'document', statement: 'This is the document of the DID.', node: subject, needs })
  builder.notShown('Anything that the node says of its own checks: nothing of it was checked here.')
  const resolved = judged(resolution, builder, options)
  const ended = resolved.report.edges.some(edge => edge.accepted === true) && isDeactivated(resolution)
  const status = exitStatus(resolved.report, { ended })
  return { ...resolved, status, ...(theirs === undefined ? {} : { theirs }) }
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

function judged(resolution: JsonObject, builder: ReportBuilder, { accept }: ResolveOptions): Resolved {
  const policy: Policy = {
    ...DEFAULT_POLICY,
    accept: [...DEFAULT_POLICY.accept, ...accept.map(id => ({ id }))],
  }
  const report = builder.build(policy)
  requireRoots(report, accept)
  return { resolution, report, status: exitStatus(report) }
}

function requireRoots({ roots }: TrustReport, accept: readonly string[]): void {
  const unknown = accept.find(id => !roots.some(root => root.id === id))
  if (unknown === undefined) return
  const ids = roots.map(root => root.id).join(', ')
  throw new CliError('USAGE', `the report names no root ${unknown}: its roots are ${ids}`)
}

/** The result of a driver, unless it failed. @throws CliError RESOLUTION_FAILED */
function found(result: DIDResolutionResult): JsonObject {
  const { error, code, errorMessage } = result.didResolutionMetadata
  if (error === undefined) return result as unknown as JsonObject
  const later = error === 'notFound' || error === 'internalError' || error === 'invalidDidDocument'
  const status = code === 'FETCH_REFUSED' ? EXIT.policy : later ? EXIT.undecided : EXIT.usage
  const reason = typeof errorMessage === 'string' ? errorMessage : error
  throw new CliError('RESOLUTION_FAILED', `${reason} (${typeof code === 'string' ? code : error})`, {
    status,
  })
}

function isDeactivated(resolution: JsonObject): boolean {
  const metadata = resolution['didDocumentMetadata']
  return isJsonObject(metadata) && metadata['deactivated'] === true
}
