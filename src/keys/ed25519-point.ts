/** The field's prime and the constant d of the curve -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 section 5.1). */
const P = (1n << 255n) - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n

/**
 * True if 32 bytes are the one encoding of a point of Ed25519 that can be a public key. OpenSSL imports any 32
 * bytes, so this looks itself: y is below the prime, x exists (RFC 8032 section 5.1.3), and the order of the
 * point does not divide 8, since under such a key anyone can sign. Public data only: not constant in time.
 */
export function isEd25519PublicKey(bytes: Uint8Array): boolean {
  const y = littleEndian(bytes) & ((1n << 255n) - 1n)
  if (y >= P) return false
  const y2 = (y * y) % P
  return !hasSmallOrder(y, y2) && isSquare(((y2 - 1n) * (D * y2 + 1n)) % P)
}

/** The orders 1 and 2 have y = 1 and -1, order 4 has y = 0, and twice a point of order 8 has y = 0. */
function hasSmallOrder(y: bigint, y2: bigint): boolean {
  return y === 0n || y2 === 1n || (D * y2 * y2 + 2n * y2 - 1n) % P === 0n
}

/** Euler's criterion for a value that is not zero: (P - 1) / 2 is 2^254 - 10, so a^(2^254) must equal a^10. */
function isSquare(a: bigint): boolean {
  let power = a
  for (let i = 0; i < 254; i++) power = (power * power) % P
  return power === a ** 10n % P
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
