/** The field's prime of BLS12-381, and the flags of a serialised point (draft-irtf-cfrg-bls-signature appendix A). */
const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn
const COMPRESSED = 0x80
const INFINITY = 0x40
const FLAGS = 0xe0
const COORDINATE_BYTES = 48

/**
 * True if the bytes are the one compressed encoding of a point of the curve of G1 (48 bytes) or G2 (96 bytes) that
 * is not the identity. That the point lies in the subgroup of prime order is not looked at: it takes a
 * multiplication, and whoever verifies a signature with the key has to check it anyway (KeyValidate).
 */
export function isBlsPoint(bytes: Uint8Array): boolean {
  const [flags = 0] = bytes
  if ((flags & COMPRESSED) === 0 || (flags & INFINITY) !== 0) return false
  const plain = Buffer.from(bytes)
  plain[0] = flags & ~FLAGS
  const high = coordinate(plain.subarray(0, COORDINATE_BYTES))
  if (bytes.length === COORDINATE_BYTES) return high < P && isOnG1(high)
  // G2: x = c0 + c1 u with u^2 = -1, and c1 is written first.
  const low = coordinate(plain.subarray(COORDINATE_BYTES))
  return high < P && low < P && isOnG2(low, high)
}

function coordinate(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** y^2 = x^3 + 4 has a solution. */
function isOnG1(x: bigint): boolean {
  return isSquare((x * x * x + 4n) % P)
}

/** y^2 = x^3 + 4 (1 + u) has one: a + b u is a square just where its norm a^2 + b^2 is one in the field below. */
function isOnG2(c0: bigint, c1: bigint): boolean {
  const a = c0 * (c0 * c0 - 3n * c1 * c1) + 4n
  const b = c1 * (3n * c0 * c0 - c1 * c1) + 4n
  return isSquare((((a * a + b * b) % P) + P) % P)
}

/** Euler's criterion. */
function isSquare(value: bigint): boolean {
  if (value === 0n) return true
  let [result, base] = [1n, value]
  for (let exponent = (P - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P
    base = (base * base) % P
  }
  return result === 1n
}
