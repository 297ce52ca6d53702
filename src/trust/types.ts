import type { CauseCode, CheckCode } from './codes.ts'
import type { Basis, NodeKind, PinnedBy, Purpose, Relation, Result, RootKind, Verdict } from './terms.ts'

export type { CauseCode, CheckCode } from './codes.ts'
export type { Basis, NodeKind, PinnedBy, Purpose, Relation, Result, RootKind, Verdict } from './terms.ts'

/** A thing that the report speaks of. */
export interface ReportNode {
  /** Unique in the report, without white space: a position, a CID, a role; never foreign text. */
  id: string
  kind: NodeKind
  label: string
  /** Digest of its bytes, where it has some. */
  digest?: string
  /** Where it came from. */
  source?: string
}

/** One check: `from` stands in `relation` to `to`. Read from the claim towards the root. */
export interface ReportEdge {
  id: string
  from: string
  to: string
  relation: Relation
  basis: Basis
  result: Result
  /** From the closed list in `codes.ts`, which also fixes `relation`, `spec` and `purpose`. */
  code: CheckCode
  /** Specification and section that the check follows. */
  spec: string
  /** One plain sentence about this check. */
  detail: string
  /** When it was checked: RFC 3339, UTC. */
  at: string
  /** The root whose word it is, or in which it ends. Always there if the basis is remote or assumed. */
  root?: string
  /** What that root has to be trusted for. There if `root` is. */
  purpose?: Purpose
  /** Whether the policy accepts that root for that purpose. There if `root` is. */
  accepted?: boolean
}

/** A party that must be trusted, as nothing in the report shows that it is right. */
export interface Root {
  /** Unique in the report, without white space. */
  id: string
  kind: RootKind
  name: string
  /** `sha256:` and 64 lower-case hexadecimal digits: of its key (SPKI) or of the thing itself, where it has one. */
  fingerprint?: string
  /** Who chose to trust it: the software, whoever runs the node, or whoever asked. */
  pinnedBy: PinnedBy
  /** What it counts for; for anything else it does not. */
  trustedFor: Purpose[]
  /** What follows if it lies, in one sentence. */
  ifItLies: string
}

/** What a claim stands on: an edge, all of several, or any of several. Nested at most 16 deep. */
export type Needs = { edge: string } | { all: Needs[] } | { any: Needs[] }

/** Why a claim or a report is not verified. */
export interface Cause {
  code: CauseCode
  /** The edge at fault, where one is. */
  edge?: string
  /** One plain sentence. */
  detail: string
}

/** What is asserted. */
export interface Claim {
  id: string
  statement: string
  /** The node that the claim is about, where its checks begin. */
  node: string
  /** A required claim decides the verdict; another only shows its own. */
  required: boolean
  verdict: Verdict
  /** The first cause, where it is not verified. */
  cause?: Cause
  needs: Needs
}

/** The record of a verification: what was checked, what could not be decided, and who must still be trusted. */
export interface TrustReport {
  /** Of the format. */
  version: 1
  verdict: Verdict
  /** The sentence at the top. */
  summary: string
  /** The first cause, where it is not verified. */
  cause?: Cause
  /** When it was made: RFC 3339, UTC. */
  at: string
  /** The time that the caller asked about, if not now: RFC 3339, UTC. */
  asOf?: string
  claims: Claim[]
  nodes: ReportNode[]
  edges: ReportEdge[]
  roots: Root[]
  /** What this report does not show, in plain sentences. */
  notShown: string[]
}
