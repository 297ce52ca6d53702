import type { LogSource } from '../../../src/ledger/follower/log-source.ts'
import { encodeLeaf, type Leaf } from '../../../src/ledger/log/leaf.ts'
import { type Receipt, signReceipt } from '../../../src/ledger/submission/receipt.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { signNote } from '../../../src/merkle/note.ts'
import { parsePolicy, type TlogPolicy } from '../../../src/merkle/policy.ts'
import type { NoteSigner } from '../../../src/merkle/signing-key.ts'
import { TILE_WIDTH } from '../../../src/merkle/tile-path.ts'
import { hashLeaf, rootOf } from '../../../src/merkle/tree.ts'
import { KEY, ORIGIN, START } from '../log-world.ts'
import { COSIGNERS, NAMES } from '../witnessed-world.ts'

export const ANCHOR = '3.QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'
/** Seconds from the receipt to the deadline. */
export const WAIT = 1_000
export const RECEIPT: Receipt = {
  origin: ORIGIN,
  anchorString: ANCHOR,
  writer: 'alice',
  time: START,
  deadline: START + WAIT,
}

export const receiptNote = () => signReceipt(RECEIPT, KEY)

/** A leaf that is not the promised one, so many seconds after the receipt. */
export function other(after: number): Leaf {
  return { type: 'anchor', time: START + after, anchorString: '1.Qm', writer: 'bob' }
}

/** The promised leaf, so many seconds after the receipt. */
export function promised(after: number): Leaf {
  return { type: 'anchor', time: START + after, anchorString: ANCHOR, writer: 'alice' }
}

/** Fillers up to a time, one a second. */
export function others(count: number): Leaf[] {
  return Array.from({ length: count }, (_, i) => other(i))
}

/** What a log shows: its leaves, as bytes, and the checkpoint over all of them. */
export interface Shown {
  entries: Uint8Array[]
  note: string
}

export async function shown(
  leaves: readonly (Leaf | Uint8Array)[],
  signers: readonly NoteSigner[] = [KEY],
): Promise<Shown> {
  const entries = leaves.map(leaf => (leaf instanceof Uint8Array ? leaf : encodeLeaf(leaf)))
  return {
    entries,
    note: await signNote(formatCheckpoint(ORIGIN, entries.length, rootOf(entries.map(hashLeaf))), signers),
  }
}

/** The files of a log that shows this, of up to 65,536 leaves. */
export function sourceOf({ entries, note }: Shown): LogSource {
  const of = (index: number, width: number) => entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width)
  return {
    checkpoint: async () => Buffer.from(note),
    entries: async (index, width) => of(index, width),
    hashes: async (level, index, width) =>
      level === 0
        ? of(index, width).map(hashLeaf)
        : Array.from({ length: width }, (_, i) =>
            rootOf(of(index * TILE_WIDTH + i, TILE_WIDTH).map(hashLeaf)),
          ),
  }
}

/** Cosignatures at a time so many seconds after the receipt. */
export function cosigned(after: number, ...names: string[]): NoteSigner[] {
  return COSIGNERS.filter((_, i) => names.includes(NAMES[i] ?? '')).map(cosigner =>
    cosigner.at(START + after),
  )
}

/** A policy by which so many of the three witnesses are a quorum. */
export function policyOf(quorum: number): TlogPolicy {
  const witnesses = COSIGNERS.map(({ verifier }, i) => `witness ${NAMES[i]} ${verifier.vkey}`)
  return parsePolicy([...witnesses, `group g ${quorum} ${NAMES.join(' ')}`, 'quorum g\n'].join('\n'))
}
