/** Every verification ends in one of these; never in a Boolean. Also the three truth values of {@link evaluate}. */
export const VERDICTS = ['verified', 'rejected', 'undecided'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What a report can speak of. */
export const NODE_KINDS = [
  'claim',
  'credential',
  'presentation',
  'key',
  'did',
  'operation',
  'anchor',
  'leaf',
  'checkpoint',
  'file',
  'quote',
  'certificate',
  'measurement',
  'status',
  'clock',
  'root',
] as const
export type NodeKind = (typeof NODE_KINDS)[number]

/** How one thing can stand to the next; read from the claim towards the root. */
export const RELATIONS = [
  'signedBy',
  'controls',
  'derivedFrom',
  'hashOf',
  'anchoredIn',
  'includedIn',
  'consistent',
  'witnessedBy',
  'certifiedBy',
  'measures',
  'boundTo',
  'listedIn',
  'freshAt',
  'trustedAs',
] as const
export type Relation = (typeof RELATIONS)[number]

/** How a check is known: worked out here, told by someone, or taken for granted. */
export const BASES = ['computed', 'remote', 'assumed'] as const
export type Basis = (typeof BASES)[number]

/** What a check found. `undecided`: it was tried and could not be settled. `skipped`: it was not tried. */
export const RESULTS = ['pass', 'fail', 'undecided', 'skipped'] as const
export type Result = (typeof RESULTS)[number]

export const ROOT_KINDS = ['vendor', 'ledger', 'party', 'registry', 'clock', 'software'] as const
export type RootKind = (typeof ROOT_KINDS)[number]

/** Who chose a root: the software, whoever runs it, or whoever asked. */
export const PINNED_BY = ['built-in', 'operator', 'request'] as const
export type PinnedBy = (typeof PINNED_BY)[number]

/** What a root can be trusted for; outside of that it does not count. Closed and documented in docs/trust-report.md. */
export const PURPOSES = {
  'ledger-order':
    'which anchors are on the ledger and in which order, shown alike to everyone, with none left out',
  'one-history': 'that the log has not shown others another history',
  'ledger-time': 'when an anchor or a stamp was made',
  'cosigning-time': 'when a checkpoint was there at the latest',
  'newest-checkpoint': 'that the log has no newer checkpoint than the one that it shows',
  'operation-map': 'that the map of the log has every operation that its anchors hold',
  'unseen-files': 'that files which nobody could read say nothing of this DID',
  time: 'what time it is now',
  resolution: 'the whole answer to a resolution, unchecked',
  'web-connection': 'that the connection led to the host of that name',
  'web-document': 'what the document on that host says',
  computation: 'that the checks are computed as they should be',
  key: 'that this key belongs to the party that it is taken for',
} as const
export type Purpose = keyof typeof PURPOSES

/** What a failed check speaks against: the proof itself, its being in force, or the caller's policy. */
export const FAILURE_KINDS = ['proof', 'ended', 'policy'] as const
export type FailureKind = (typeof FAILURE_KINDS)[number]
