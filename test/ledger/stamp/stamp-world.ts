import { sha256 } from '../../../src/codec/hash.ts'
import { stampDigests } from '../../../src/ledger/stamp/make-stamp.ts'
import type { StampProof } from '../../../src/ledger/stamp/stamp-proof.ts'
import { type StampVerification, verifyStamp } from '../../../src/ledger/stamp/verify-stamp.ts'
import { appendSignatures, signatureLine, textOfNote } from '../../../src/merkle/note.ts'
import { parsePolicy } from '../../../src/merkle/policy.ts'
import { COSIGNATURE_V1 } from '../../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey } from '../../../src/merkle/signing-key.ts'
import { KEY, LogWorld, ORIGIN, START } from '../log-world.ts'

export const digestOf = (text: string) => sha256(text)

/** Salts that a test can say again: of bytes 1, of bytes 2, and so on. */
export function countingSalts(): (length: number) => Uint8Array {
  let count = 0
  return length => Buffer.alloc(length, ++count)
}

/** Proofs of texts that were stamped together, on a log of three anchors. */
export async function stamped(...texts: string[]): Promise<StampProof[]> {
  const world = new LogWorld()
  const log = await world.open()
  for (const name of ['1.a', '1.b', '1.c']) await log.anchor(name, 'w')
  return stampDigests(texts.map(digestOf), {
    stamp: root => log.stamp(root, 'node.example'),
    randomBytes: countingSalts(),
  })
}

const NAMES = ['w0', 'w1', 'w2']
export const COSIGNERS = NAMES.map((name, i) =>
  parseCosignerKey(formatSigningKey(`${name}.example`, Buffer.alloc(32, 60 + i), COSIGNATURE_V1)),
)

/** Three witnesses, so many of which are a quorum. */
export function policyOf(quorum: number) {
  const lines = COSIGNERS.map(({ verifier }, i) => `witness ${NAMES[i]} ${verifier.vkey}`)
  return parsePolicy([...lines, `group g ${quorum} ${NAMES.join(' ')}`, 'quorum g\n'].join('\n'))
}

/** The proof with a checkpoint that witnesses have cosigned: the times by which, in seconds after the log's start. */
export async function cosigned(
  proof: StampProof,
  times: readonly (number | undefined)[],
): Promise<StampProof> {
  const { checkpoint } = proof.log
  const lines = await Promise.all(
    times.flatMap((time, i) => {
      const cosigner = COSIGNERS[i]
      if (time === undefined || cosigner === undefined) return []
      return [signatureLine(textOfNote(checkpoint), cosigner.at(START + time))]
    }),
  )
  return { ...proof, log: { ...proof.log, checkpoint: appendSignatures(checkpoint, lines) } }
}

/** Verifies as whoever has pinned the key of the log. */
export function verified(proof: StampProof, text: string, others: Partial<StampVerification> = {}) {
  const now = new Date((START + 10_000) * 1000)
  return verifyStamp(proof, {
    digest: digestOf(text),
    origin: ORIGIN,
    verifier: KEY.verifier,
    now,
    ...others,
  })
}
