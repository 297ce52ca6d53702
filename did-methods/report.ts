import type { DIDResolutionOptions, DIDResolutionResult } from 'did-resolver'
import { canonicalize } from '../src/codec/jcs.ts'
import type { JsonValue } from '../src/codec/json.ts'
import { ReportBuilder } from '../src/trust/builder.ts'
import { remoteNode, thisSoftware, webConnection, webHost } from '../src/trust/roots.ts'
import type { PinnedBy, Result, TrustReport } from '../src/trust/types.ts'
import { parseDid } from './did-url.ts'
import { DidError } from './errors.ts'
import { jwkDriver } from './jwk/driver.ts'
import { keyDriver } from './key/driver.ts'
import { createDidResolver } from './resolver.ts'
import { shortForm } from './sidetree/form.ts'
import { didWebUrl } from './web/url.ts'

/** Node of the DID in each of these reports. */
const DID = 'did'

const STATEMENT = 'This is the document of the DID.'
const NO_OWNER = 'Who controls the DID in the world: a DID is a key and not a name.'

interface Check {
  result: Result
  detail: string
}

/**
 * What the resolution of a did:key or did:jwk stands on: the document is made again from the DID, and compared.
 * @param options those that `result` was made with; they choose the form of the keys
 */
export async function keyReport(
  did: string,
  result: DIDResolutionResult,
  { now, options = {} }: { now: Date; options?: DIDResolutionOptions },
): Promise<ReportBuilder> {
  const report = new ReportBuilder({ now })
  report.node({ id: DID, kind: 'did', label: did })
  const key = report.node({ id: 'key', kind: 'key', label: 'key that the DID encodes' })
  const software = report.root(thisSoftware())
  const again = await createDidResolver(keyDriver(), jwkDriver()).resolve(did, options)
  const code = did.startsWith('did:jwk:') ? 'DID_JWK_DECODED' : 'DID_KEY_DECODED'
  const certain = { result: 'pass', detail: 'The DID is its key.' } as const
  const needs = [
    report.edge({ from: DID, to: key, code, ...checkDecoded(again, result) }),
    report.edge({ from: key, to: software, code: 'SELF_CERTIFYING', ...certain }),
  ]
  report.claim({ id: 'document', statement: STATEMENT, node: DID, needs: { all: needs } })
  report.notShown('That the key is still in use: such a DID can be neither changed nor ended.')
  report.notShown(NO_OWNER)
  return report
}

/**
 * What the resolution of a did:web stands on: the host that the DID names, the host that it was redirected to where
 * that is another, and what TLS rests on. That the document names the DID is looked at again.
 * @throws DidError the DID is not a did:web
 */
export function webReport(did: string, result: DIDResolutionResult, { now }: { now: Date }): ReportBuilder {
  const { host } = didWebUrl(parseDid(did).id)
  const { didDocument, didResolutionMetadata } = result
  const source = sourceOf(didResolutionMetadata['source'])
  const report = new ReportBuilder({ now })
  report.node({ id: DID, kind: 'did', label: did })
  const label = `document of ${host}`
  const at = source === undefined ? {} : { source: source.href }
  const document = report.node({ id: 'document-file', kind: 'file', label, ...at })
  const connection = report.root(webConnection())
  const owner = report.root(webHost(host, 'request'))
  const missing = didDocument === null ? missingOf(result) : undefined
  const tls = missing ?? checkTls(source)
  const redirected = source !== undefined && source.host !== host
  const answer = redirected
    ? `It answered with a redirect, which led to ${source.host}.`
    : 'It answered with this document.'
  const fetched = missing ?? { result: 'pass', detail: answer }
  const needs = [
    report.edge({
      from: DID,
      to: document,
      code: 'DID_DOCUMENT_ID',
      ...checkId(didDocument, id => id === did),
    }),
    report.edge({ from: document, to: connection, code: 'DID_WEB_TLS', ...tls }),
    report.edge({ from: document, to: owner, code: 'DID_WEB_FETCHED', ...fetched }),
  ]
  if (redirected) {
    const other = report.root({ ...webHost(source.host, 'request'), id: 'web-host-redirect' })
    const detail = 'The redirect led here, and it answered with this document.'
    needs.push(report.edge({ from: document, to: other, code: 'DID_WEB_FETCHED', result: 'pass', detail }))
    report.notShown('Over which other hosts the redirect led, if it led over any.')
  }
  report.claim({ id: 'document', statement: STATEMENT, node: DID, needs: { all: needs } })
  report.notShown('What the document said before, or says to others: a web server keeps no history.')
  return report
}

/** The node that gave an answer, and what it says of it. */
export interface RemoteAnswer {
  now: Date
  /** Of the node that was asked. */
  url: string
  /** Who chose that node. */
  pinnedBy: PinnedBy
  /** Its own report of this answer, where it gave one: its word, of which nothing is taken over but a doubt. */
  theirs?: TrustReport
}

/** What an answer of another node stands on: its word, and that the document is about the DID that was asked for. */
export function remoteReport(did: string, result: DIDResolutionResult, answer: RemoteAnswer): ReportBuilder {
  const { now, url, pinnedBy, theirs } = answer
  const { didDocument } = result
  const report = new ReportBuilder({ now })
  report.node({ id: DID, kind: 'did', label: did })
  const document = report.node({ id: 'answer', kind: 'file', label: 'answer of the node', source: url })
  const node = report.root(remoteNode(url, pinnedBy))
  const isSubject = (id: string): boolean => id === did || formOf(id) === formOf(did)
  const said = didDocument === null ? missingOf(result) : checkWord(theirs)
  const needs = [
    report.edge({ from: DID, to: document, code: 'DID_DOCUMENT_ID', ...checkId(didDocument, isSubject) }),
    report.edge({ from: document, to: node, code: 'REMOTE_NODE', ...said }),
  ]
  report.claim({ id: 'document', statement: STATEMENT, node: DID, needs: { all: needs } })
  report.notShown('Anything that the node says of its own checks: nothing of it was checked here.')
  if (!url.startsWith('https:')) {
    report.notShown('That the answer came from that node unchanged: the connection to it was not encrypted.')
  }
  report.notShown(NO_OWNER)
  return report
}

/** That the DID, decoded anew, gives the document that was answered. */
function checkDecoded(again: DIDResolutionResult, { didDocument }: DIDResolutionResult): Check {
  const { code, error, errorMessage } = again.didResolutionMetadata
  if (again.didDocument === null) {
    return { result: error === 'invalidDid' ? 'fail' : 'undecided', detail: `${errorMessage} (${code}).` }
  }
  if (didDocument === null) return { result: 'undecided', detail: 'The resolution gave no document.' }
  return textOf(again.didDocument) === textOf(didDocument)
    ? { result: 'pass', detail: 'The DID was decoded and gives this document.' }
    : { result: 'fail', detail: 'The DID was decoded and gives another document.' }
}

/** That the document names the DID; over bytes that nobody vouches for, so that it can be open, and never false. */
function checkId(document: DIDResolutionResult['didDocument'], isSubject: (id: string) => boolean): Check {
  if (document === null) return { result: 'undecided', detail: 'There is no document.' }
  return isSubject(document.id)
    ? { result: 'pass', detail: 'The document names this DID as its id.' }
    : { result: 'undecided', detail: `The document names another DID as its id: ${document.id}.` }
}

function checkTls(source: URL | undefined): Check {
  if (source?.protocol === 'https:') {
    const detail = `The certificate was one for ${source.host} that this machine accepts, when it was fetched.`
    return { result: 'pass', detail }
  }
  return {
    result: 'undecided',
    detail: 'Where the document came from was not recorded, or it came without TLS.',
  }
}

function checkWord(theirs: TrustReport | undefined): Check {
  if (theirs === undefined)
    return { result: 'pass', detail: 'It answered with this document, and with no report.' }
  const result = theirs.verdict === 'verified' ? 'pass' : 'undecided'
  return { result, detail: `It says of its own answer: ${theirs.summary}` }
}

function missingOf({ didResolutionMetadata }: DIDResolutionResult): Check {
  const { code, error, errorMessage } = didResolutionMetadata
  const why = errorMessage ?? error
  const detail =
    why === undefined
      ? 'There is no document, and no reason was given.'
      : `There is no document: ${why} (${code ?? error}).`
  return { result: 'undecided', detail }
}

/** The short form of a Sidetree DID; any other text as it is. */
function formOf(did: string): string {
  try {
    return shortForm(did)
  } catch (error) {
    if (error instanceof DidError) return did
    throw error
  }
}

function sourceOf(source: unknown): URL | undefined {
  return typeof source === 'string' && URL.canParse(source) ? new URL(source) : undefined
}

function textOf(document: object): string {
  return canonicalize(document as JsonValue)
}
