import { sha256 } from '../../codec/hash.ts'
import { BYTES, EMPTY } from '../../merkle/map/hashes.ts'

/** A reference to one DID, where it stands on its log. */
export interface ChainedReference {
  transactionNumber: number
  operationIndex: number
  /** base64url of 32 bytes. */
  digest: string
}

/** The key of a DID in the map: SHA-256 of its suffix. */
export function mapKeyOf(didSuffix: string): Buffer {
  return sha256(didSuffix)
}

/**
 * The value of a DID in the map (docs/spec/operation-map.md, Value), from that before its newest references.
 * @param before undefined where it had none
 * @param references in ledger order; at least one where there was no value before
 */
export function chainValue(
  before: Uint8Array | undefined,
  references: readonly ChainedReference[],
): Uint8Array {
  let value = before ?? EMPTY
  for (const { transactionNumber, operationIndex, digest } of references) {
    const bytes = Buffer.alloc(1 + BYTES + 12 + BYTES, 0x02)
    bytes.set(value, 1)
    bytes.writeBigUInt64BE(BigInt(transactionNumber), 1 + BYTES)
    bytes.writeUInt32BE(operationIndex, 9 + BYTES)
    bytes.write(digest, 13 + BYTES, 'base64url')
    value = sha256(bytes)
  }
  return value
}
