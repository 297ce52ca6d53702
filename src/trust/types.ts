/** Every verification ends in one of these; never in a Boolean. */
export type Verdict = 'verified' | 'rejected' | 'undecided'

export type NodeKind =
  | 'claim'
  | 'credential'
  | 'presentation'
  | 'key'
  | 'did'
  | 'operation'
  | 'anchor'
  | 'checkpoint'
  | 'file'
  | 'quote'
  | 'certificate'
  | 'measurement'
  | 'status'
  | 'clock'
  | 'root'

export type Relation =
  | 'signedBy'
  | 'controls'
  | 'hashOf'
  | 'anchoredIn'
  | 'includedIn'
  | 'consistent'
  | 'witnessedBy'
  | 'certifiedBy'
  | 'measures'
  | 'boundTo'
  | 'listedIn'
  | 'freshAt'
  | 'trustedAs'

/** How an edge is known: worked out here, told by someone, or taken for granted. */
export type Basis = 'computed' | 'remote' | 'assumed'

export type Result = 'pass' | 'fail' | 'undecided' | 'skipped'

/** A thing that the report speaks of. */
export interface ReportNode {
  id: string
  kind: NodeKind
  label: string
  /** Digest of its bytes, where it has some. */
  digest?: string
  /** Where it came from. */
  source?: string
}

/** One check: `from` stands in `relation` to `to`. */
export interface ReportEdge {
  id: string
  from: string
  to: string
  relation: Relation
  basis: Basis
  result: Result
  /** From the closed list in `codes.ts`. */
  code: string
  /** Specification and section that the check follows. */
  spec: string
  /** One plain sentence. */
  detail: string
  /** When it was checked: RFC 3339, UTC. */
  at: string
}

/** A party that must be trusted, as nothing in the report shows that it is right. */
export interface Root {
  id: string
  kind: 'vendor' | 'ledger' | 'party' | 'registry' | 'clock' | 'software'
  name: string
  /** Digest of its key (SPKI) or of the thing itself, where it has one. */
  fingerprint?: string
  /** Who chose to trust it: the software, whoever runs the node, or whoever asked. */
  pinnedBy: 'built-in' | 'operator' | 'request'
  /** What it counts for; for anything else it does not. */
  trustedFor: string[]
  /** What follows if it lies, in one sentence. */
  ifItLies: string
}

/** What a claim stands on: an edge, all of several, or any of several. */
export type Needs = { edge: string } | { all: Needs[] } | { any: Needs[] }

/** What is asserted. */
export interface Claim {
  id: string
  statement: string
  /** A required claim decides the verdict; another only shows its own. */
  required: boolean
  verdict: Verdict
  needs: Needs
}

/** The record of a verification: what was checked, what could not be decided, and who must still be trusted. */
export interface TrustReport {
  version: 1
  verdict: Verdict
  /** The sentence at the top. */
  summary: string
  claims: Claim[]
  nodes: ReportNode[]
  edges: ReportEdge[]
  roots: Root[]
  /** What this report does not show, in plain sentences. */
  notShown: string[]
}
