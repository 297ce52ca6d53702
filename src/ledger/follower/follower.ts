import type { SignedCheckpoint } from '../../merkle/checkpoint.ts'
import type { TlogPolicy } from '../../merkle/policy.ts'
import { TileCache } from '../../merkle/tile.ts'
import { hashesAtLevel, TILE_WIDTH, tileWidth } from '../../merkle/tile-path.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'
import type { LogStore } from '../log/records.ts'
import { readEntries } from '../log/tree-store.ts'
import { TreeView } from '../log/tree-view.ts'
import { type ForkEvidence, formatForkEvidence, parseForkEvidence } from './fork-evidence.ts'
import { HeldTree, MAX_PART } from './held-tree.ts'
import type { LeafRules } from './leaf-rules.ts'
import type { LogSource } from './log-source.ts'
import { hasQuorum, quorumTime } from './quorum.ts'
import { type CheckpointKeys, openReceived, type Received } from './received.ts'
import { EVIDENCE_KEY, keptKey, PUBLISHED_KEY } from './records.ts'
import { RemoteTree } from './remote-tree.ts'
import { SeenCheckpoints } from './seen-checkpoints.ts'
import { splitHashes } from './subtrees.ts'

/** What a follower is made of. */
export interface FollowerParts {
  /** The follower's own database; the caller opens and closes it. */
  store: LogStore
  source: LogSource
  /** Name and key of the log, pinned by the operator. */
  origin: string
  verifier: NoteVerifier
  /** Whose cosignatures a checkpoint needs before it is applied. Absent: the log's word is enough. */
  policy?: TlogPolicy
  leaves: LeafRules
}

/** The newest checkpoint that was applied, and its tree. */
export interface Published extends Received {
  view: TreeView
}

/** Bundles that are fetched side by side. */
const PARALLEL = 8
/** Tiles remembered for proofs, at some 35 KB. */
const TILES_REMEMBERED = 128

/**
 * Follows a log by its checkpoints and entries, trusting nobody but its key that what it signs is meant, and its
 * witnesses that others see the same. Each checkpoint that the log has signed is compared with the tree that is held;
 * one that no tree can have together with it ends the following for good, and both are kept as evidence. All else that
 * is wrong is refused and may be tried again, since anyone on the way could have sent it.
 *
 * The order of each step: entries are committed in parts, each once the log's signed root is known to cover it; they
 * are shown only when all entries of a checkpoint are there and that is committed too.
 */
export class Follower {
  readonly #parts: FollowerParts
  readonly #held: HeldTree
  readonly #seen: SeenCheckpoints
  readonly #cache = new TileCache(TILES_REMEMBERED)
  #published: Published | undefined
  #evidence: ForkEvidence | undefined
  /** The last note without a quorum that was compared with what is held, so that it is not compared at every look. */
  #compared: string | undefined

  private constructor(parts: FollowerParts, held: HeldTree, seen: SeenCheckpoints) {
    this.#parts = parts
    this.#held = held
    this.#seen = seen
  }

  /**
   * Takes up what the database holds, which is checked as the log itself checks its own.
   * @throws LedgerError LEDGER_KEY_MISMATCH, LEDGER_CORRUPT; StoreError
   */
  static async open(parts: FollowerParts): Promise<Follower> {
    const { store, origin, verifier } = parts
    const held = await HeldTree.open(store, origin, verifier.vkey)
    const open = (note: Uint8Array) => kept(() => openReceived(keysOf(parts), note))
    const follower = new Follower(parts, held, await SeenCheckpoints.load(store, open))
    const evidence = store.get(EVIDENCE_KEY)
    if (evidence !== undefined) follower.#evidence = kept(() => parseForkEvidence(evidence))
    const note = store.get(PUBLISHED_KEY)
    if (note !== undefined) await follower.#show(open(note))
    return follower
  }

  get published(): Published | undefined {
    return this.#published
  }

  /** What ended the following, if anything did. */
  get evidence(): ForkEvidence | undefined {
    return this.#evidence
  }

  /** Leaves that are held, of which those after the published checkpoint are not shown yet. */
  get held(): number {
    return this.#held.size
  }

  /**
   * Looks at the log once, and applies what is new. Returns where the source has shown the newest checkpoint that is
   * known here, and that is applied.
   * @throws LedgerError LEDGER_UNREACHABLE; LEDGER_CHECKPOINT_REFUSED, LEDGER_CHECKPOINT_OLD, LEDGER_QUORUM_MISSING,
   * LEDGER_SOURCE_INVALID, LEDGER_LEAF_INVALID, LEDGER_LEAF_TIME: nothing was applied; LEDGER_FROZEN, now and from now
   * on; StoreError
   */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#evidence === undefined) {
      const note = await this.#parts.source.checkpoint(signal)
      const evidence = await this.#consider(openReceived(keysOf(this.#parts), note), signal)
      if (evidence === undefined) return
      await this.#parts.store.commit([{ key: EVIDENCE_KEY, value: formatForkEvidence(evidence) }])
      this.#evidence = evidence
    }
    throw new LedgerError(
      'LEDGER_FROZEN',
      'the log has signed two histories: "rootline log evidence" shows them',
    )
  }

  /** When a quorum of witnesses stood behind the published checkpoint last, in Unix seconds. */
  quorumTime(): number | undefined {
    const { policy } = this.#parts
    return policy === undefined || this.#published === undefined
      ? undefined
      : quorumTime(policy, this.#published.signed.signatures)
  }

  async #consider(received: Received, signal: AbortSignal): Promise<ForkEvidence | undefined> {
    const { signed, note } = received
    const published = this.#published
    if (published !== undefined && signed.size <= published.signed.size) {
      return compareWithin(published, received) ?? (await this.#known(received, published))
    }
    const twin = this.#seen.of(signed.size)
    if (twin !== undefined && !equal(twin.signed.root, signed.root)) {
      return { checkpoints: [twin.note, note], hashes: [] }
    }
    await this.#seen.add(received)
    if (this.#hasQuorum(signed)) return this.#advance(received, signal)
    if (this.#compared !== note) {
      const evidence = await this.#compareBeyond(received, signal)
      if (evidence !== undefined) return evidence
      this.#compared = note
    }
    throw quorumMissing(signed)
  }

  /** A checkpoint of a tree that is shown already: the newest one may have come with newer cosignatures. */
  async #known(received: Received, published: Published): Promise<undefined> {
    const { signed } = received
    if (signed.size < published.signed.size) {
      throw new LedgerError(
        'LEDGER_CHECKPOINT_OLD',
        `the source of the log shows the checkpoint of size ${signed.size}, and that of size ${published.signed.size} is known`,
      )
    }
    if (!this.#hasQuorum(signed)) throw quorumMissing(signed)
    const { policy } = this.#parts
    if (policy === undefined) return undefined
    const [before, now] = [published.signed, signed].map(
      ({ signatures }) => quorumTime(policy, signatures) ?? 0,
    )
    if ((now ?? 0) > (before ?? 0)) await this.#publish(received)
    return undefined
  }

  /** Takes the entries up to a checkpoint, and then shows them. */
  async #advance(received: Received, signal: AbortSignal): Promise<ForkEvidence | undefined> {
    const { size, root } = received.signed
    if (this.#held.size > size && !equal(this.#held.view().rootAt(size), root)) await this.#discardUnshown()
    const tree = new RemoteTree(this.#parts.source, received.signed)
    while (this.#held.size < size) {
      if (await this.#takePart(received, tree, signal)) continue
      const evidence = await this.#compareBeyond(received, signal)
      if (evidence !== undefined) return evidence
      await this.#discardOther(tree, signal)
    }
    const view = await this.#viewOf(size)
    for (const other of this.#seen.upTo(size)) {
      const evidence = compareWithin({ ...received, view }, other)
      if (evidence !== undefined) return evidence
    }
    await this.#publish(received)
    return undefined
  }

  /** Takes the next entries; false where what was sent does not make the tree that the log has signed. */
  async #takePart({ signed }: Received, tree: RemoteTree, signal: AbortSignal): Promise<boolean> {
    const first = this.#held.size
    const after = this.#held.time
    const end = Math.min(signed.size, first - (first % TILE_WIDTH) + MAX_PART)
    const root = end === signed.size ? signed.root : (await tree.split(end, signal)).prefixRoot
    const entries = await this.#fetch(signed.size, first, end, signal)
    return this.#held.append(entries, root, all => this.#parts.leaves.admit(all, after, first))
  }

  /**
   * Lets go of what was taken for another tree that the log has signed, and that was never completed.
   * @throws LedgerError LEDGER_SOURCE_INVALID where what is held is of this tree, so that what was sent is not
   */
  async #discardOther(tree: RemoteTree, signal: AbortSignal): Promise<void> {
    const { size } = this.#held
    const isUnshown = size > this.#shownSize
    if (isUnshown && !equal((await tree.split(size, signal)).prefixRoot, this.#held.root())) {
      return this.#discardUnshown()
    }
    const why = `the entries from ${size} on that were sent are not those that the log has signed`
    throw new LedgerError('LEDGER_SOURCE_INVALID', why)
  }

  /** Evidence, if the tree of a larger checkpoint does not extend the one that is shown. */
  async #compareBeyond(received: Received, signal: AbortSignal): Promise<ForkEvidence | undefined> {
    const published = this.#published
    if (published === undefined || published.signed.size === 0) return undefined
    const tree = new RemoteTree(this.#parts.source, received.signed)
    const { prefixRoot, hashes } = await tree.split(published.signed.size, signal)
    if (equal(prefixRoot, published.signed.root)) return undefined
    return { checkpoints: [published.note, received.note], hashes }
  }

  /** Entries from `first` to before `end` of the tree of this size; nothing of them is verified but their bounds. */
  async #fetch(size: number, first: number, end: number, signal: AbortSignal): Promise<Uint8Array[]> {
    const { source } = this.#parts
    const bundle = (index: number) => source.entries(index, tileWidth(size, 'entries', index), signal)
    const entries: Uint8Array[] = []
    const start = Math.floor(first / TILE_WIDTH)
    const stop = Math.ceil(end / TILE_WIDTH)
    for (let index = start; index < stop; index += PARALLEL) {
      const count = Math.min(PARALLEL, stop - index)
      const bundles = await Promise.all(Array.from({ length: count }, (_, i) => bundle(index + i)))
      entries.push(...bundles.flat())
    }
    return entries.slice(first - start * TILE_WIDTH, end - start * TILE_WIDTH)
  }

  async #discardUnshown(): Promise<void> {
    const { leaves } = this.#parts
    await this.#held.discardAfter(this.#shownSize, entry => leaves.admit([entry], undefined, 0))
  }

  async #publish(received: Received): Promise<void> {
    const { size } = received.signed
    const note = Buffer.from(received.note)
    await this.#parts.store.commit([
      { key: PUBLISHED_KEY, value: note },
      { key: keptKey(size), value: note },
      ...this.#seen.without(size),
    ])
    this.#seen.forget(size)
    await this.#show(received)
  }

  /** @throws LedgerError LEDGER_CORRUPT where the tree that is held has another root */
  async #show(received: Received): Promise<void> {
    const { size, root } = received.signed
    const view = size > this.#held.size ? undefined : await this.#viewOf(size)
    if (view === undefined || !equal(view.rootAt(size), root)) {
      throw new LedgerError(
        'LEDGER_CORRUPT',
        'the tree that is held is not that of the checkpoint that was applied',
      )
    }
    this.#published = { ...received, view }
  }

  async #viewOf(size: number): Promise<TreeView> {
    const { store } = this.#parts
    const tail = hashesAtLevel(size, 1) * TILE_WIDTH
    const entries = await readEntries(store, tail, size - tail)
    return new TreeView(store, size, Buffer.concat(entries.map(hashLeaf)), this.#cache)
  }

  get #shownSize(): number {
    return this.#published?.signed.size ?? 0
  }

  #hasQuorum({ signatures }: SignedCheckpoint): boolean {
    const { policy } = this.#parts
    return policy === undefined || hasQuorum(policy, signatures)
  }
}

/** Evidence, if a checkpoint that is not larger than the one whose tree is at hand is not of that tree. */
function compareWithin(published: Published, { note, signed }: Received): ForkEvidence | undefined {
  const { view } = published
  if (equal(view.rootAt(signed.size), signed.root)) return undefined
  const hashes = signed.size === published.signed.size ? [] : splitHashes(view, signed.size)
  return { checkpoints: [note, published.note], hashes }
}

function keysOf({ origin, verifier, policy }: FollowerParts): CheckpointKeys {
  return { origin, verifier, witnesses: policy?.witnesses.map(witness => witness.verifier) ?? [] }
}

/** Reads what this follower has kept. */
function kept<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    throw new LedgerError('LEDGER_CORRUPT', "a record in the follower's database cannot be read", cause)
  }
}

function quorumMissing({ size }: SignedCheckpoint): LedgerError {
  return new LedgerError(
    'LEDGER_QUORUM_MISSING',
    `the checkpoint of size ${size} does not carry the cosignatures that the policy asks for`,
  )
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
