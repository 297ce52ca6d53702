import type { SignedCheckpoint } from '../../merkle/checkpoint.ts'
import type { TlogPolicy } from '../../merkle/policy.ts'
import { verifyInclusion } from '../../merkle/verify-proof.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { type NeedsInput, ReportBuilder } from '../../trust/builder.ts'
import type { Result, Root, TrustReport } from '../../trust/types.ts'
import { LedgerError } from '../errors.ts'
import { firstQuorumTime, hasQuorum } from '../follower/quorum.ts'
import { checkWitnesses } from '../log/check-witnesses.ts'
import { describeLog } from '../log/description.ts'
import { type LeafReport, LogProofVerifier } from '../log/verify-proof.ts'
import { rfc3339 } from '../time.ts'
import type { ProofCheck } from '../types.ts'
import { hashSalted } from './make-stamp.ts'
import type { StampProof } from './stamp-proof.ts'

/** What whoever verifies a stamp brings. */
export interface StampVerification {
  /** SHA-256 of what is said to be stamped; 32 bytes. */
  digest: Uint8Array
  origin: string
  /** The key of the log. */
  verifier: NoteVerifier
  /** Whose cosignatures bound the time. Absent, or with the quorum `none`: the time is the log's word. */
  policy?: TlogPolicy
  now: Date
}

/** What the proof of a stamp comes to. */
export interface StampReport {
  report: TrustReport
  /** Where the report is verified: what was stamped existed before this time. Unix seconds. */
  existedBefore?: number
  /** Whose word that time is. */
  by: 'witnesses' | 'log'
}

/**
 * Checks, with no network, that a digest was stamped on a log, and before when: from the digest to the tree of the
 * stamp, to the leaf, to the checkpoint, to the keys of the log and of its witnesses. A bad proof is a failed check,
 * never an error.
 */
export function verifyStamp(proof: StampProof, verification: StampVerification): StampReport {
  const { origin, verifier, policy: given } = verification
  const policy = given?.quorum === 'none' ? undefined : given
  const { index, hashes: inclusion, checkpoint } = proof.log
  const leaf = { kind: 'log', leaf: proof.leaf, index, inclusion, checkpoint } as const
  const found = new LogProofVerifier(origin, verifier, policy).verifyLeaf(leaf)
  const logTime = found.leaf instanceof LedgerError ? undefined : found.leaf.time
  const times = { log: logTime, witnesses: policy && cosignedBy(policy, found.checkpoint) }
  const report = new StampReporter(proof, verification, found).report(policy, times)
  const by = policy === undefined ? 'log' : 'witnesses'
  const existedBefore = report.verdict === 'verified' ? times[by] : undefined
  return { report, by, ...(existedBefore === undefined ? {} : { existedBefore }) }
}

/** Before when the leaf was there, and by whose word: Unix seconds. */
interface Times {
  log: number | undefined
  witnesses: number | undefined
}

/** Ids of nodes, and of the roots that `describeLog` gives. */
const FILE = 'file'
const LEAF = 'leaf'
const CHECKPOINT = 'checkpoint'
const LOG_KEY = 'log-key'
const WITNESSES = 'log-witnesses'

/** Writes the report of one proof. */
class StampReporter {
  readonly #builder: ReportBuilder
  readonly #proof: StampProof
  readonly #verification: StampVerification
  readonly #found: LeafReport

  constructor(proof: StampProof, verification: StampVerification, found: LeafReport) {
    this.#builder = new ReportBuilder({ now: verification.now })
    this.#proof = proof
    this.#verification = verification
    this.#found = found
  }

  report(policy: TlogPolicy | undefined, times: Times): TrustReport {
    const { origin, verifier } = this.#verification
    for (const root of describeLog(origin, verifier, policy).roots) this.#builder.root(root)
    this.#addNodes()
    const stamped = this.#stamped()
    const statement = `It is under the stamp in leaf ${this.#proof.log.index} of the log ${origin}.`
    this.#builder.claim({ id: 'stamped', statement, node: FILE, needs: { all: stamped } })
    const byLog = [...stamped, this.#logTime(times.log)]
    if (policy === undefined) this.#existed('existed', byLog, times.log, 'the log')
    else {
      const byWitnesses = [...stamped, ...this.#cosignedBefore(policy, times.witnesses)]
      this.#existed('existed', byWitnesses, times.witnesses, 'a quorum of the witnesses')
      this.#existed('existed-by-log', byLog, times.log, 'the log alone')
    }
    for (const sentence of notShown(policy)) this.#builder.notShown(sentence)
    return this.#builder.build()
  }

  #existed(
    id: 'existed' | 'existed-by-log',
    needs: NeedsInput[],
    before: number | undefined,
    who: string,
  ): void {
    const time = before === undefined ? 'a time that is not known' : rfc3339(before)
    const statement = `It existed before ${time}, by the word of ${who}.`
    this.#builder.claim({ id, statement, node: FILE, required: id === 'existed', needs: { all: needs } })
  }

  #addNodes(): void {
    const { leaf, log } = this.#proof
    const { checkpoint, leafHash } = this.#found
    const label = 'what is said to be stamped'
    this.#builder.node({
      id: FILE,
      kind: 'file',
      label,
      digest: `sha256:${hex(this.#verification.digest)}`,
    })
    const length = `${leaf.length} bytes`
    this.#builder.node({
      id: LEAF,
      kind: 'leaf',
      label: `leaf ${log.index}, ${length}`,
      digest: hex(leafHash),
    })
    const size = checkpoint === undefined ? 'that the log has not signed' : `of size ${checkpoint.size}`
    this.#builder.node({ id: CHECKPOINT, kind: 'checkpoint', label: `checkpoint ${size}` })
  }

  /** The checks from the digest to the keys. */
  #stamped(): NeedsInput[] {
    const tree = checkTree(this.#proof, this.#verification.digest, this.#found.leaf)
    const first = this.#builder.edge({ from: FILE, to: LEAF, code: 'STAMP_ROOT', ...tree })
    const rest = this.#found.checks.flatMap(check => {
      const { code, result, detail } = check
      const edge = this.#builder.edge({ ...endsOf(code), code, result, detail })
      return [edge, ...this.#anyQuorum(check, 'COSIGNATURE')]
    })
    return [first, ...rest]
  }

  /** That those count who are a quorum: each is a root by its own key. Nothing where there is no quorum. */
  #anyQuorum({ cosignatures = [], quorums = [] }: ProofCheck, code: 'COSIGNATURE' | 'COSIGNED_TIME') {
    const edges = new Map(
      cosignatures.map(({ root, detail }) => {
        const to = this.#builder.root(datingRoot(root))
        return [to, this.#builder.edge({ from: CHECKPOINT, to, code, result: 'pass', detail })]
      }),
    )
    const any = quorums.map(roots => ({ all: roots.flatMap(root => edges.get(root) ?? []) }))
    return any.length === 0 ? [] : [{ any }]
  }

  #logTime(time: number | undefined): string {
    const outcome =
      time === undefined
        ? ({ result: 'skipped', detail: 'The leaf cannot be read.' } as const)
        : ({ result: 'pass', detail: `The log says that it took the leaf at ${rfc3339(time)}.` } as const)
    return this.#builder.edge({ from: LEAF, to: LOG_KEY, code: 'LEAF_TIME', ...outcome })
  }

  /** The word of those that had cosigned by then. Without a quorum at all, CHECKPOINT_WITNESSED is undecided already. */
  #cosignedBefore(policy: TlogPolicy, time: number | undefined): NeedsInput[] {
    const { checkpoint } = this.#found
    if (checkpoint === undefined) return []
    if (time === undefined) {
      if (!hasQuorum(policy, checkpoint.signatures)) return []
      const detail = 'Of those that have cosigned the checkpoint, too few say when.'
      const edge = { from: CHECKPOINT, to: WITNESSES, code: 'COSIGNED_TIME', detail } as const
      return [this.#builder.edge({ ...edge, result: 'undecided' })]
    }
    const signatures = checkpoint.signatures.filter(
      ({ timestamp }) => timestamp !== undefined && timestamp <= time,
    )
    return this.#anyQuorum(checkWitnesses({ ...checkpoint, signatures }, policy), 'COSIGNED_TIME')
  }
}

function endsOf(code: ProofCheck['code']): { from: string; to: string } {
  if (code === 'LOG_INCLUSION') return { from: LEAF, to: CHECKPOINT }
  return { from: CHECKPOINT, to: code === 'CHECKPOINT_WITNESSED' ? WITNESSES : LOG_KEY }
}

/** A witness, here believed as to when it cosigned, too. */
function datingRoot(root: Root): Root {
  return {
    ...root,
    trustedFor: [...root.trustedFor, 'cosigning-time'],
    ifItLies: `${root.ifItLies} Then they can also say that a stamp was there earlier than it was.`,
  }
}

/** From the digest to the root that the leaf holds. */
function checkTree(
  { digest: proven, salt, index, size, path }: StampProof,
  digest: Uint8Array,
  leaf: LeafReport['leaf'],
): { result: Result; detail: string } {
  const failed = (detail: string) => ({ result: 'fail', detail }) as const
  if (Buffer.compare(proven, digest) !== 0) return failed(`The proof is of the digest ${hex(proven)}.`)
  if (leaf instanceof LedgerError) return failed(`The leaf cannot be read: ${leaf.message}.`)
  if (leaf.type !== 'stamp') return failed('The leaf is no stamp.')
  return verifyInclusion(index, size, hashSalted(salt, digest), path, Buffer.from(leaf.root, 'hex'))
    ? { result: 'pass', detail: 'With its salt, the digest leads to the root that the leaf holds.' }
    : failed('The path does not lead from the digest and its salt to the root that the leaf holds.')
}

/** When so many had cosigned that they are a quorum: Unix seconds. */
function cosignedBy(policy: TlogPolicy, checkpoint: SignedCheckpoint | undefined): number | undefined {
  return checkpoint && firstQuorumTime(policy, checkpoint.signatures)
}

function notShown(policy: TlogPolicy | undefined): string[] {
  return [
    'Who made it, whether what it says is true, and for how long it had existed by then.',
    ...(policy === undefined
      ? [
          'That the log did not make the leaf later and date it back: without witnesses, its time is its own word.',
          'That the log shows this tree to others: without witnesses, it could show them another, without the stamp.',
        ]
      : []),
  ]
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
