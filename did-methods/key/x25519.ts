/** The field's prime of Curve25519 (RFC 7748 section 4.1). */
const P = (1n << 255n) - 19n

/**
 * The X25519 public key of an Ed25519 public key: u = (1 + y) / (1 - y) (RFC 7748 section 4.1). The key must have
 * been checked: y = 1, which has no u, is no Ed25519 public key.
 */
export function x25519OfEd25519(ed25519: Uint8Array): Buffer {
  const y = BigInt(`0x${Buffer.from(ed25519).reverse().toString('hex')}`) & ((1n << 255n) - 1n)
  const u = ((1n + y) * inverse(P + 1n - y)) % P
  return Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse()
}

/** a^(P - 2), which is 1 / a (Fermat). */
function inverse(a: bigint): bigint {
  let [result, base] = [1n, a % P]
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P
    base = (base * base) % P
  }
  return result
}
