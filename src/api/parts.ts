import type { Resolvable } from 'did-resolver'
import type { FastifyBaseLogger } from 'fastify'
import type { MirrorStatus } from '../content/mirror-status.ts'
import type { SourceCounts } from '../content/source-counts.ts'
import type { BlockSource, ContentStore } from '../content/types.ts'
import type { Entry } from '../ledger/admission.ts'
import type { WitnessStatus } from '../ledger/log/witness-client.ts'
import type { StampingParts } from '../ledger/stamp/make-stamp.ts'
import type { SubmissionAnswer } from '../node/submissions.ts'
import type { SidetreeNode } from '../node/types.ts'

/** What the embedded log publishes; the coordinates are those of C2SP tlog-tiles. */
export interface LogReader {
  /** The newest published checkpoint, a signed note. */
  checkpoint(): string
  /** Hashes of a tile; undefined where the published tree has not that many there. */
  tile(level: number, index: number, width: number): Uint8Array | undefined
  /** An entry bundle; undefined as for `tile`. */
  entries(index: number, width: number): Promise<Uint8Array | undefined>
  /** How its witnesses fare; absent where the log is another's. */
  witnesses?(): readonly WitnessStatus[]
}

/** What the HTTP interface serves. */
export interface ApiParts {
  node: SidetreeNode
  content: ContentStore & BlockSource
  /** How the content store and the sources of content fare. Default: nothing is said of it. */
  contentState?: ContentState
  /** Absent where the ledger is not the embedded log. */
  log?: LogReader
  /** Puts the root of a stamp on the log; absent where the log is that of another. */
  stamp?: StampingParts['stamp']
  /** Takes batches of writers on other machines; absent where the log is that of another. */
  submissions?: SubmissionParts
  /** Asked for by every write, and by what makes this machine fetch something. */
  token: string
  /**
   * Values of the header Host that are answered: `name:port`, or `name` for any port; IPv6 addresses in brackets.
   * The same names are the origins whose pages may write.
   */
  hosts: readonly string[]
  /** Resolves the DIDs of other methods. */
  methods?: ForeignMethods
  limits?: Partial<ApiLimits>
  /** Default: nothing is logged. */
  logger?: FastifyBaseLogger
  /** Of the software, for the API description and metrics. */
  version: string
  /** Unix milliseconds. Default: this machine's clock. */
  now?: () => number
  /** Addresses of proxies whose X-Forwarded-For names the client for the rate limit. Default: none. */
  trustedProxies?: readonly string[]
}

/** Taking batches of writers on other machines. */
export interface SubmissionParts {
  submit(entry: Entry, car: Uint8Array): Promise<SubmissionAnswer>
  writers: Writers
  /** Largest body, in bytes. */
  maxBytes: number
}

/** Whom the operator of the log lets write. */
export interface Writers {
  /** Whose token it is, also of one who may write no more; undefined where it is nobody's. */
  find(token: string): Promise<Writer | undefined>
}

/** Someone who may hand in batches, or might once. */
export interface Writer {
  /** What their leaves call them. */
  name: string
  revoked: boolean
}

/** What operators are told of content. */
export interface ContentState {
  /** What came of asking sources. */
  counts: SourceCounts
  /** How another store fares that is given each file; absent where there is none. */
  mirror?: () => MirrorStatus
}

/** Other DID methods than that of the node. */
export interface ForeignMethods {
  /** As `createDidResolver` makes it. */
  resolver: Resolvable
  /** Names of the methods that make this machine fetch something: resolved for whoever has the token, alone. */
  fetching: readonly string[]
}

/** Bounds of the HTTP interface. */
export interface ApiLimits {
  /** Largest body of a request, in bytes. */
  bodyBytes: number
  /** Longest path and query, in characters. The header block, which holds them too, may have 16 KiB. */
  urlLength: number
  /** Requests of one client (an IPv4 address, an IPv6 /64) in a minute; 0 for any number. */
  requestsPerMinute: number
  /** Reports, histories and old versions under way at once; each reads all operations of its DID. */
  reports: number
  /** Downloads of content under way at once. */
  downloads: number
  /** Resolutions of other methods under way at once. */
  foreignResolutions: number
  /** Batches of writers on other machines under way at once; each is held in memory. */
  submissions: number
  /** Of one writer in a minute: requests, and bytes of their bodies. */
  submissionsPerMinute: number
  submissionBytesPerMinute: number
  /** Largest file and largest block that are handed out, in bytes. */
  fileBytes: number
  blockBytes: number
  /** Longest time for a request to arrive, in milliseconds. */
  requestTimeoutMs: number
  /** Ready: at most this far behind the ledger, in transaction numbers. */
  readyLag: number
  /** Ready: no transaction whose files are missing, here or in the mirror, for longer than this, in milliseconds. */
  readyUnresolvableMs: number
}

export const DEFAULT_LIMITS: ApiLimits = {
  bodyBytes: 65_536,
  urlLength: 8_192,
  requestsPerMinute: 30_000,
  reports: 8,
  downloads: 32,
  foreignResolutions: 16,
  submissions: 4,
  submissionsPerMinute: 60,
  submissionBytesPerMinute: 134_217_728,
  fileBytes: 16_777_216,
  blockBytes: 2_097_152,
  requestTimeoutMs: 30_000,
  readyLag: 1_000,
  readyUnresolvableMs: 3_600_000,
}
