import { formatCheckpoint } from '../../merkle/checkpoint.ts'
import { consistencyProof } from '../../merkle/make-proof.ts'
import { signNote } from '../../merkle/note.ts'
import type { NoteSigner } from '../../merkle/signing-key.ts'
import { TileCache, tileHashes } from '../../merkle/tile.ts'
import type { TileBuilder } from '../../merkle/tile-builder.ts'
import { hashLeaf, isTreeSize } from '../../merkle/tree.ts'
import { isKeyName } from '../../merkle/vkey.ts'
import type { Admission, AnchorOptions } from '../admission.ts'
import { LedgerError } from '../errors.ts'
import type {
  Ledger,
  LedgerDescription,
  LedgerHead,
  LedgerPosition,
  LedgerProblem,
  LedgerProof,
  LedgerTransaction,
  LogProof,
  ProofCheck,
  Reorganisation,
} from '../types.ts'
import { LeafClock, type LogClock } from './clock.ts'
import type { Cosigning, CosigningOptions } from './cosigning.ts'
import { describeLog } from './description.ts'
import { declaredOperations, encodeLeaf, type LeafContent } from './leaf.ts'
import type { IndexedLeaf, LeafSource } from './leaf-source.ts'
import type { LogMap, MapExtension } from './log-map.ts'
import type { PublishedCheckpoint } from './published-checkpoint.ts'
import { encodeHead, entryKey, HEAD_KEY, type LogHead, type LogStore } from './records.ts'
import { checkAtStart } from './start-up.ts'
import { tileChanges, tileReader } from './tree-store.ts'
import { TreeView, transactionOf } from './tree-view.ts'
import { LogProofVerifier } from './verify-proof.ts'
import type { WitnessStatus } from './witness-client.ts'

/** What a log is made of. */
export interface TransparencyLogParts {
  /** The log's own database; the caller opens and closes it. */
  store: LogStore
  /** Kept outside the database's folder. */
  published: PublishedCheckpoint
  signer: NoteSigner
  /** Names the log, for ever; C2SP tlog-checkpoint wants a URL without scheme. Usually the name of its key. */
  origin: string
  clock: LogClock
  /** Makes every checkpoint end in a `map` leaf. Default: there are none. */
  map?: LogMap
  /** Gets the cosignatures that a checkpoint needs before it is published. Default: it needs none. */
  cosigning?: Cosigning
  /** Judges each anchor before it is sequenced. Default: every anchor that a leaf can hold is taken. */
  admission?: Admission
  /**
   * True opens a database with entries beside which no published checkpoint is kept. Only for an operator who knows
   * that it is the newest copy. Default false.
   */
  acceptUnknownHistory?: boolean
}

/** Most leaves in one commit; each has at most some 4 KB. */
const MAX_BATCH = 1024
/** Operations that the anchors of one commit declare, where the log keeps a map; one anchor can have more. */
const MAX_BATCH_OPERATIONS = 20_000
/** How often the newest checkpoint is cosigned again while the log does not grow, in milliseconds. */
const COSIGN_AGAIN_MS = 60_000
/** Wait for witnesses after which the log counts as not well, in seconds. */
const LONG_WAIT = 60
/** Tiles remembered for proofs, at some 35 KB. */
const TILES_REMEMBERED = 128

/** Databases that a log of this process has open. Other processes are kept out by the database's own lock. */
const inUse = new WeakSet<LogStore>()

interface Waiting {
  content: LeafContent
  resolve: (sequenced: Sequenced) => void
  reject: (error: unknown) => void
}

/** A leaf that was published. */
interface Sequenced {
  index: number
  leaf: Uint8Array
}

/** The state that the world may see. */
interface Published {
  tree: TreeView
  /** Number of the newest anchor, behind which leaves of other types may lie. */
  newest: number | undefined
  /** Time of the last leaf. */
  time: number | undefined
  checkpoint: string
}

/**
 * The embedded ledger: an RFC 6962 log with C2SP checkpoints and tiles over a database.
 *
 * Anchors that wait are sequenced together. The order of each change is: leaves, tiles and head in one durable commit;
 * then the signature over that head; then the checkpoint into `published`, durably; then readers and callers see it.
 * So nothing is ever signed that is not durable, and the record of what was published is never ahead of the database,
 * unless the database was put back, and never behind what anyone has seen.
 */
export class TransparencyLog implements Ledger {
  readonly #parts: TransparencyLogParts
  readonly #clock: LeafClock
  readonly #proofs: LogProofVerifier
  readonly #tiles = new TileCache(TILES_REMEMBERED)
  readonly #listeners = new Set<() => void>()
  #head: LogHead
  #builder: TileBuilder
  /** The tree whose checkpoint was published, or is shown to witnesses. */
  #offered: TreeView
  /** Number of the newest anchor that is durable. */
  #newest: number | undefined
  #published: Published
  #waiting: Waiting[] = []
  #sequencing: Promise<void> | undefined
  #cosignTimer: NodeJS.Timeout | undefined
  #recovering: Promise<void> | undefined
  /** Set while there may be leaves whose time is settled and that are not published. */
  #unseen = false
  /** Set while what is in memory may differ from the database. */
  #failed = false
  #closed = false
  /** Ends what the map catches up with before an anchor: nothing was appended by then. */
  readonly #ending = new AbortController()

  private constructor(parts: TransparencyLogParts, head: LogHead, builder: TileBuilder) {
    this.#parts = parts
    this.#clock = new LeafClock(parts.clock)
    this.#proofs = new LogProofVerifier(parts.origin, parts.signer.verifier, parts.cosigning?.policy)
    this.#head = head
    this.#builder = builder
    const tree = new TreeView(parts.store, 0, Buffer.alloc(0))
    this.#offered = tree
    this.#published = { tree, newest: undefined, time: undefined, checkpoint: '' }
  }

  /**
   * Opens a log, and begins it where the database is new.
   * @throws LedgerError LEDGER_IN_USE; LEDGER_KEY_MISMATCH, LEDGER_CORRUPT, LEDGER_ROLLED_BACK from the start-up
   * guard; LEDGER_UNREACHABLE; StoreError
   */
  static async open(parts: TransparencyLogParts): Promise<TransparencyLog> {
    const { store, origin } = parts
    if (!isKeyName(origin)) throw new TypeError('an origin is a name without white space and plus')
    if (inUse.has(store)) throw new LedgerError('LEDGER_IN_USE', 'a log has this database open already')
    inUse.add(store)
    try {
      const { head, builder } = await checkAtStart(startUp(parts))
      const log = new TransparencyLog(parts, head, builder)
      await log.#begin()
      log.#keepCosigned()
      return log
    } catch (error) {
      inUse.delete(store)
      throw error
    }
  }

  /** @throws LedgerError as `Ledger.anchor`; LEDGER_ENTRY_REFUSED, LEDGER_FILES_MISSING where it is not admitted */
  async anchor(
    anchorString: string,
    writer: string,
    { admitted, promised }: AnchorOptions = {},
  ): Promise<LedgerTransaction> {
    const content = { type: 'anchor', anchorString, writer } as const
    this.#requireLeaf(content)
    // At once where nobody is asked, so that leaves are in the order of the calls.
    const sequence =
      admitted === undefined
        ? () => this.#sequenced(content)
        : () => admitted().then(() => this.#sequenced(content))
    const { admission } = this.#parts
    const judged = admission === undefined || promised === true
    const { index, leaf } = await (judged ? sequence() : admission.admit({ anchorString, writer }, sequence))
    return transactionOf(index, leaf) as LedgerTransaction
  }

  /**
   * Adds a stamp (docs/spec/stamp.md), and returns once it is published: with the proof that it is in the tree of a
   * checkpoint, cosigned where the log has witnesses.
   * @param root of a tree over salted digests, as `stampDigests` gives it
   * @throws LedgerError LEDGER_STAMP_INVALID; else as `anchor`
   */
  async stamp(root: Uint8Array, writer: string): Promise<LogProof> {
    if (!(root instanceof Uint8Array)) throw new TypeError('a root is bytes')
    const text = Buffer.from(root).toString('hex')
    const { index, leaf } = await this.#sequenced({ type: 'stamp', root: text, writer })
    const { tree, checkpoint } = this.#published
    return { kind: 'log', leaf, index, inclusion: tree.inclusion(index), checkpoint }
  }

  /** Published leaves of every type from `first` on, at most `limit`, in order. */
  async leaves(first: number, limit: number): Promise<IndexedLeaf[]> {
    return this.#published.tree.leaves(first, limit)
  }

  mapLeaf(): LogProof | undefined {
    const { tree, checkpoint } = this.#published
    const found = tree.mapLeaf()
    return found === undefined ? undefined : { kind: 'log', ...found, checkpoint }
  }

  async transactions(after: number | undefined, limit: number): Promise<LedgerTransaction[]> {
    if (after !== undefined && !isTreeSize(after)) throw new TypeError('after is no transaction number')
    if (!Number.isSafeInteger(limit) || limit < 1) throw new TypeError('a limit is a positive integer')
    await this.#settled()
    const { tree, newest } = this.#published
    return newest === undefined ? [] : tree.transactions(after === undefined ? 0 : after + 1, newest, limit)
  }

  async head(): Promise<LedgerHead> {
    await this.#settled()
    const { tree, newest, time } = this.#published
    // A leaf with an earlier time than now may still appear.
    const vouched = this.#unseen || this.#failed ? (time ?? 0) : this.#clock.vouched(time)
    return { number: newest, size: tree.size, time: vouched, timestamp: vouched }
  }

  /** The log never takes a transaction back; a position that it does not have is of another log. */
  async reorganised(since: LedgerPosition): Promise<Reorganisation> {
    await this.#settled()
    return this.#published.tree.entryAt(since) === undefined
      ? { changed: true, newestValid: undefined }
      : { changed: false }
  }

  async proof(transaction: LedgerPosition): Promise<LogProof> {
    const { tree, checkpoint } = this.#published
    const leaf = tree.entryAt(transaction)
    if (leaf === undefined) {
      throw new LedgerError(
        'LEDGER_TRANSACTION_UNKNOWN',
        `the log has no such transaction ${transaction.number}`,
      )
    }
    const { number } = transaction
    return { kind: 'log', leaf, index: number, inclusion: tree.inclusion(number), checkpoint }
  }

  verify(proof: LedgerProof, transaction: LedgerTransaction): ProofCheck[] {
    if (proof.kind !== 'log') {
      return [{ code: 'LEAF_ANCHOR', result: 'fail', detail: 'The proof is of another kind of ledger.' }]
    }
    return this.#proofs.verify(proof, transaction).checks
  }

  describe(): LedgerDescription {
    const { origin, signer, cosigning } = this.#parts
    return describeLog(origin, signer.verifier, cosigning?.policy)
  }

  /** Says so when witnesses have kept the newest checkpoint waiting for long. */
  problems(): LedgerProblem[] {
    const { cosigning, clock } = this.#parts
    const since = cosigning?.waitingSince
    if (since === undefined) return []
    const seconds = Math.floor(clock.now() / 1000) - since
    if (seconds < LONG_WAIT) return []
    const missing = this.witnesses().flatMap(({ name, failure }) =>
      failure === undefined ? [] : [`${name} (${failure})`],
    )
    const who = missing.length === 0 ? '' : `; missing: ${missing.join(', ')}`
    const detail = `too few witnesses have cosigned the newest checkpoint for ${seconds} s${who}`
    return [{ code: 'LEDGER_QUORUM_MISSING', detail }]
  }

  /** How each witness fares that can be asked; none where no policy asks for any. */
  witnesses(): WitnessStatus[] {
    return this.#parts.cosigning?.status() ?? []
  }

  onTransaction(listener: () => void): () => void {
    const own = () => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** What waits for witnesses waits no longer; it is published once the log is opened again. */
  release(): void {
    this.#ending.abort(closed())
    this.#parts.cosigning?.release()
  }

  /** Answers the anchors that wait, and lets go of the database. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#cosignTimer)
    this.release()
    while (this.#sequencing !== undefined) await this.#sequencing
    await this.#recovering?.catch(() => {})
    inUse.delete(this.#parts.store)
  }

  /** The newest published checkpoint: a note signed by the log (C2SP tlog-checkpoint). */
  checkpoint(): string {
    return this.#published.checkpoint
  }

  /**
   * A tile of hashes (C2SP tlog-tiles), full by default; undefined where the published tree does not have that many
   * hashes there. While witnesses are asked for their cosignatures it is the tree that they are asked for: mirrors read it
   * first. A partial tile can be had also after it has grown.
   */
  tile(level: number, index: number, width?: number): Uint8Array | undefined {
    return this.#offered.tile(level, index, width)
  }

  /** An entry bundle (C2SP tlog-tiles); width and undefined as for {@link tile}. */
  entries(index: number, width?: number): Promise<Uint8Array | undefined> {
    return this.#offered.entries(index, width)
  }

  /** Refused before it waits, so that it does not refuse the others of its batch. */
  #requireLeaf(content: LeafContent): void {
    if (this.#closed) throw closed()
    encodeLeaf({ ...content, time: 0 })
  }

  #sequenced(content: LeafContent): Promise<Sequenced> {
    this.#requireLeaf(content)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ content, resolve, reject })
      this.#sequenceWaiting()
    })
  }

  #sequenceWaiting(): void {
    this.#sequencing ??= this.#sequence().finally(() => {
      this.#sequencing = undefined
      if (this.#waiting.length > 0) this.#sequenceWaiting()
    })
  }

  /** A follower takes the newest cosignature for the time up to which it knows that nothing is newer. */
  #keepCosigned(): void {
    if (this.#parts.cosigning === undefined) return
    this.#cosignTimer = setInterval(() => void this.cosignAgain(), COSIGN_AGAIN_MS).unref()
  }

  /** Publishes the newest checkpoint again, with new cosignatures, unless the log is growing or their quorum is away. */
  async cosignAgain(): Promise<void> {
    if (this.#closed || this.#failed || this.#sequencing !== undefined) return
    this.#sequencing = this.#publish({ once: true })
      .catch(error => {
        // What was published stands, if it could not be cosigned again.
        this.#failed = !(error instanceof LedgerError && error.code === 'LEDGER_QUORUM_MISSING')
      })
      .finally(() => {
        this.#sequencing = undefined
        if (this.#waiting.length > 0) this.#sequenceWaiting()
      })
    await this.#sequencing
  }

  async #sequence(): Promise<void> {
    // One turn of the event loop, so that anchors of the same tick share a commit.
    await new Promise<void>(resolve => setImmediate(resolve))
    while (this.#waiting.length > 0) await this.#appendAll(this.#waiting.splice(0, this.#batchSize()))
  }

  /** How many of those that wait go into the next commit: of the map, what they anchor is held in memory. */
  #batchSize(): number {
    if (this.#parts.map === undefined) return MAX_BATCH
    let operations = 0
    const end = this.#waiting.findIndex(({ content }, i) => {
      operations += declaredOperations(content)
      return i >= MAX_BATCH || (i > 0 && operations > MAX_BATCH_OPERATIONS)
    })
    return end === -1 ? this.#waiting.length : end
  }

  async #appendAll(batch: readonly Waiting[]): Promise<void> {
    try {
      const sequenced = await this.#append(batch)
      for (const [i, { resolve }] of batch.entries()) resolve(sequenced[i] as Sequenced)
    } catch (error) {
      const missing = error instanceof LedgerError && error.code === 'LEDGER_FILES_UNAVAILABLE'
      // Nothing was appended, and the files of one are no reason to refuse the others.
      if (missing && batch.length > 1) for (const waiting of batch) await this.#appendAll([waiting])
      else for (const { reject } of batch) reject(error)
    }
  }

  /** Appends a batch, and returns its leaves once their checkpoint is published. */
  async #append(batch: readonly Waiting[]): Promise<Sequenced[]> {
    await this.#settled()
    const time = this.#clock.next(this.#head.time)
    const first = this.#head.size
    const leaves = batch.map(({ content }, i): IndexedLeaf => {
      const leaf = { ...content, time }
      return { index: first + i, bytes: encodeLeaf(leaf), leaf }
    })
    const anchor = batch.findLastIndex(({ content }) => content.type === 'anchor')
    const extension = await this.#extendMap(leaves)
    const mapLeaf = extension === undefined ? [] : [mapLeafOf(extension, first + batch.length, time)]
    this.#requireHead()
    this.#unseen = true
    try {
      await this.#commit(
        [...leaves, ...mapLeaf].map(({ bytes }) => bytes),
        time,
      )
      if (anchor !== -1) this.#newest = first + anchor
      for (const leaf of mapLeaf) await extension?.take(leaf)
      await this.#publish()
    } catch (cause) {
      this.#failed = true
      if (cause instanceof LedgerError && cause.code === 'LEDGER_HEAD_MOVED') throw cause
      throw new LedgerError(
        'LEDGER_OUTCOME_UNKNOWN',
        'it is not known whether the log has taken the leaf',
        cause,
      )
    }
    this.#unseen = false
    if (anchor !== -1) for (const listener of this.#listeners) setImmediate(listener)
    return leaves.map(({ index, bytes }) => ({ index, leaf: bytes }))
  }

  /** What leaves to come make of the map, where there is one. */
  async #extendMap(leaves: readonly IndexedLeaf[]): Promise<MapExtension | undefined> {
    const { map } = this.#parts
    const durable: LeafSource = this.#durableTree()
    await map?.catchUp(durable, this.#head.size, this.#ending.signal)
    return map?.extend(leaves)
  }

  async #commit(entries: readonly Uint8Array[], time: number): Promise<void> {
    const first = this.#head.size
    const tiles = this.#builder.append(entries.map(hashLeaf))
    const root = Buffer.from(this.#builder.root()).toString('hex')
    const head = { ...this.#head, size: first + entries.length, root, time }
    await this.#parts.store.commit([
      ...entries.map((value, i) => ({ key: entryKey(first + i), value })),
      ...tileChanges(tiles),
      { key: HEAD_KEY, value: encodeHead(head) },
    ])
    this.#head = head
    this.#requireHead()
  }

  /** Signs the durable head and, once its witnesses have cosigned, lets it be seen. */
  async #publish(options: CosigningOptions = {}): Promise<void> {
    const { signer, origin, published, cosigning } = this.#parts
    const { size, time } = this.#head
    const durable = { tree: this.#durableTree(), newest: this.#newest, time }
    const signed = await signNote(formatCheckpoint(origin, size, this.#builder.root()), [signer])
    if (cosigning !== undefined) this.#offered = durable.tree
    const checkpoint =
      cosigning === undefined
        ? signed
        : await cosigning.cosign({ size, checkpoint: signed, proof: this.#proofsTo(size) }, options)
    await published.write(checkpoint)
    this.#published = { ...durable, checkpoint }
    this.#offered = durable.tree
  }

  #durableTree(): TreeView {
    return new TreeView(this.#parts.store, this.#head.size, this.#builder.tail(0), this.#tiles)
  }

  /** Consistency proofs to the durable head, for whoever has seen less of it. */
  #proofsTo(size: number): (old: number) => Uint8Array[] {
    const read = tileHashes(size, tileReader(this.#parts.store, size, this.#builder.tail(0)), this.#tiles)
    return old => (old === 0 || old === size ? [] : consistencyProof(old, size, read))
  }

  /** Takes the head that the guard has accepted as this log's own, in a new epoch. */
  async #begin(): Promise<void> {
    const head = { ...this.#head, epoch: this.#head.epoch + 1 }
    await this.#parts.store.commit([{ key: HEAD_KEY, value: encodeHead(head) }])
    this.#head = head
    this.#newest = await this.#durableTree().newestAnchor(0)
    await this.#publish({ atStart: true })
  }

  /** Compares the head in the database with the one that this log wrote last. */
  #requireHead(): void {
    const stored = this.#parts.store.get(HEAD_KEY)
    if (stored !== undefined && Buffer.compare(stored, encodeHead(this.#head)) === 0) return
    throw new LedgerError('LEDGER_HEAD_MOVED', "something else has written to the log's database")
  }

  /**
   * After a failure, starts again from what is durable, as a restart would. Whoever asks for transactions then sees
   * those whose outcome was unknown, or an error; also while witnesses are away, so that readers do not wait for them.
   */
  async #settled(): Promise<void> {
    if (!this.#failed) return
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined
    })
    await this.#recovering
  }

  async #recover(): Promise<void> {
    const { head, builder } = await checkAtStart(startUp(this.#parts))
    // Another has taken the database over: it may have signed since.
    if (head.epoch !== this.#head.epoch) {
      throw new LedgerError('LEDGER_HEAD_MOVED', "something else has written to the log's database")
    }
    this.#head = head
    this.#builder = builder
    this.#newest = await this.#durableTree().newestAnchor(0)
    await this.#publish({ once: true })
    this.#failed = false
    this.#unseen = false
  }
}

function mapLeafOf({ root }: MapExtension, index: number, time: number): IndexedLeaf {
  const leaf = { type: 'map', time, root: Buffer.from(root).toString('hex') } as const
  return { index, bytes: encodeLeaf(leaf), leaf }
}

function startUp({ store, published, origin, signer, acceptUnknownHistory }: TransparencyLogParts) {
  return {
    store,
    published,
    origin,
    verifier: signer.verifier,
    acceptUnknownHistory: acceptUnknownHistory ?? false,
  }
}

function closed(): LedgerError {
  return new LedgerError('LEDGER_CLOSED', 'the log is closed')
}
