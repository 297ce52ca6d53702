import { sha256 } from '../../../src/codec/hash.ts'
import { Witness } from '../../../src/ledger/witness/witness.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { consistencyProof } from '../../../src/merkle/make-proof.ts'
import { signNote } from '../../../src/merkle/note.ts'
import { COSIGNATURE_V1 } from '../../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { hashLeaf, rootOf } from '../../../src/merkle/tree.ts'
import { formatAddCheckpoint } from '../../../src/merkle/witness-request.ts'
import type { Change } from '../../../src/store/store.ts'

export const START = 1_800_000_000
export const ORIGIN = 'log.example/tree'
export const LOG = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 1)))
export const COSIGNER = parseCosignerKey(
  formatSigningKey('witness.example', Buffer.alloc(32, 2), COSIGNATURE_V1),
)

/** A disk that outlives the witness, and a clock. */
export class World {
  readonly disk = new Map<string, Uint8Array>()
  time = START
  /** Waits for each commit before it takes effect. */
  slow: Promise<void> | undefined
  failing = false
  /** Whether a commit that fails takes effect all the same. */
  applied = false
  commits = 0

  open(): Witness {
    const store = {
      get: (key: Uint8Array) => this.disk.get(Buffer.from(key).toString('hex')),
      commit: async (changes: Change[]) => {
        await this.slow
        this.commits++
        if (this.failing && !this.applied) throw new TypeError('the disk failed')
        for (const { key, value = '' } of changes)
          this.disk.set(Buffer.from(key).toString('hex'), Buffer.from(value as string))
        if (this.failing) throw new TypeError('the disk failed')
      },
    }
    const logs = [{ origin: ORIGIN, verifier: LOG.verifier }]
    return new Witness({ store, logs, cosigner: COSIGNER, now: () => this.time })
  }
}

/** A log of so many entries, of which those from `fork` on are of another history. */
export class Log {
  readonly #leaves: Buffer[]

  constructor(size: number, fork = Number.POSITIVE_INFINITY) {
    this.#leaves = Array.from({ length: size }, (_, i) =>
      hashLeaf(Buffer.from(`${i < fork ? '' : 'other '}${i}`)),
    )
  }

  async checkpoint(size: number, origin = ORIGIN, key = LOG): Promise<string> {
    return signNote(formatCheckpoint(origin, size, rootOf(this.#leaves.slice(0, size))), [key])
  }

  async request(old: number, size: number): Promise<Buffer> {
    const checkpoint = await this.checkpoint(size)
    return Buffer.from(formatAddCheckpoint({ old, proof: this.proof(old, size), checkpoint }))
  }

  proof(old: number, size: number): Uint8Array[] {
    if (old === 0 || old >= size) return []
    return consistencyProof(old, size, (level, index) =>
      rootOf(this.#leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)),
    )
  }
}

/** What names the log in the paths of a witness. */
export const ID = sha256(ORIGIN).toString('hex')
