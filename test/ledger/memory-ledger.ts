import { sha256 } from '../../src/codec/hash.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import type {
  Ledger,
  LedgerDescription,
  LedgerHead,
  LedgerPosition,
  LedgerProof,
  LedgerTransaction,
  ProofCheck,
  Reorganisation,
} from '../../src/ledger/types.ts'

/** What is to be anchored. */
export interface Anchoring {
  anchorString: string
  writer: string
}

/** Blocks of a chain in memory: one transaction each, and numbers with gaps, as Bitcoin's have. */
const NUMBER_GAP = 1_000_000
const FIRST_TIMESTAMP = 1_700_000_000
const BLOCK_SECONDS = 600

/**
 * A ledger in memory that is like a chain of blocks: `time` is a height, and the newest blocks can be replaced. For
 * tests only.
 */
export class MemoryLedger implements Ledger {
  /** What it lets others see; tests may look, and must not change it. */
  readonly chain: LedgerTransaction[] = []
  /** The block before each block that ever was, by hash. */
  readonly #parents = new Map<string, LedgerTransaction | undefined>()
  readonly #listeners = new Set<() => void>()
  readonly #firstHeight: number
  readonly #timestampOf: (height: number) => number
  #forks = 0
  #closed = false
  #failure: LedgerError | undefined

  /**
   * @param options.firstHeight height of the first block; default 1
   * @param options.timestampOf UTC time of a block, Unix seconds; default: one in ten minutes
   */
  constructor(options: { firstHeight?: number; timestampOf?: (height: number) => number } = {}) {
    this.#firstHeight = options.firstHeight ?? 1
    this.#timestampOf = options.timestampOf ?? (height => FIRST_TIMESTAMP + height * BLOCK_SECONDS)
  }

  /** Makes every call fail until it is called with undefined. */
  failWith(error: LedgerError | undefined): void {
    this.#failure = error
  }

  /** Replaces the newest `count` blocks: others take their place, with other hashes. */
  reorganise(count: number, replacement: readonly Anchoring[] = []): void {
    this.chain.length -= count
    this.#forks++
    for (const anchoring of replacement) this.#mine(anchoring)
    this.#tell()
  }

  async anchor(anchorString: string, writer: string): Promise<LedgerTransaction> {
    this.#guard()
    if (anchorString === '') throw new LedgerError('LEDGER_ANCHOR_INVALID', 'an anchor string is empty')
    const transaction = this.#mine({ anchorString, writer })
    this.#tell()
    return { ...transaction }
  }

  async transactions(after: number | undefined, limit: number): Promise<LedgerTransaction[]> {
    this.#guard()
    const found = this.chain.filter(transaction => after === undefined || transaction.number > after)
    return found.slice(0, limit).map(transaction => ({ ...transaction }))
  }

  async head(): Promise<LedgerHead> {
    this.#guard()
    const last = this.chain.at(-1)
    const height = last?.time ?? this.#firstHeight - 1
    return { number: last?.number, time: height, timestamp: this.#timestampOf(height) }
  }

  async reorganised(since: LedgerPosition): Promise<Reorganisation> {
    this.#guard()
    if (this.#find(since) !== undefined) return { changed: false }
    let last = this.#parents.get(since.timeHash)
    while (last !== undefined && this.#find(last) === undefined) last = this.#parents.get(last.timeHash)
    return { changed: true, newestValid: last && { number: last.number, timeHash: last.timeHash } }
  }

  async proof(transaction: LedgerPosition): Promise<LedgerProof> {
    this.#guard()
    const found = this.#find(transaction)
    if (found !== undefined) return { kind: 'word', transaction: { ...found } }
    throw new LedgerError('LEDGER_TRANSACTION_UNKNOWN', 'the chain has no such block')
  }

  verify(proof: LedgerProof, transaction: LedgerTransaction): ProofCheck[] {
    const same = proof.kind === 'word' && JSON.stringify(proof.transaction) === JSON.stringify(transaction)
    const detail = same
      ? 'The chain in memory has the block.'
      : 'The chain in memory speaks of another block.'
    return [{ code: 'LEDGER_WORD', result: same ? 'pass' : 'fail', detail }]
  }

  describe(): LedgerDescription {
    return {
      kind: 'memory',
      id: 'memory',
      timeUnit: 'blocks',
      roots: [
        {
          id: 'memory-ledger',
          kind: 'ledger',
          name: 'the chain in memory',
          pinnedBy: 'operator',
          trustedFor: ['ledger-order', 'ledger-time'],
          ifItLies: 'A test means nothing.',
        },
      ],
      cannotShow: ['Anything, to anyone outside of this process.'],
    }
  }

  onTransaction(listener: () => void): () => void {
    const own = () => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #mine({ anchorString, writer }: Anchoring): LedgerTransaction {
    const parent = this.chain.at(-1)
    const time = (parent?.time ?? this.#firstHeight - 1) + 1
    const timeHash = sha256(`${parent?.timeHash} ${this.#forks} ${anchorString} ${writer}`).toString('hex')
    const transaction = {
      number: time * NUMBER_GAP,
      time,
      timestamp: this.#timestampOf(time),
      timeHash,
      anchorString,
      writer,
    }
    this.#parents.set(timeHash, parent)
    this.chain.push(transaction)
    return transaction
  }

  #find({ number, timeHash }: LedgerPosition): LedgerTransaction | undefined {
    return this.chain.find(transaction => transaction.number === number && transaction.timeHash === timeHash)
  }

  #tell(): void {
    for (const listener of this.#listeners) setImmediate(listener)
  }

  #guard(): void {
    if (this.#closed) throw new LedgerError('LEDGER_CLOSED', 'the chain is closed')
    if (this.#failure !== undefined) throw this.#failure
  }
}
