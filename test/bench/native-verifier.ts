import { createRequire } from 'node:module'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { sha256 } from '../../src/codec/hash.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { encodePoint } from '../../src/keys/jwk.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'

/** Rate of the bare native secp256k1 verifier on `threads` threads at once: the limit that nature sets. */
export async function nativeVerifyRate(threads: number, perThread = 20_000): Promise<number> {
  const rates = await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { perThread } })
      return new Promise<number>((resolve, reject) => {
        worker.on('message', resolve)
        worker.on('error', reject)
      })
    }),
  )
  return rates.reduce((sum, one) => sum + one, 0)
}

if (parentPort !== null && workerData?.perThread !== undefined) {
  const bindings = createRequire(import.meta.url)('secp256k1/bindings.js') as typeof import('secp256k1')
  const verify = bindings.ecdsaVerify
  const count = 500
  const made = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const jwk = generatePrivateJwk('secp256k1')
      const data = Buffer.from(`message ${i}`)
      const { d: _d, ...publicJwk } = jwk
      return {
        digest: sha256(data),
        signature: await signerFromJwk(jwk).sign(data),
        point: encodePoint(publicJwk) as Buffer,
      }
    }),
  )
  for (const { signature, digest, point } of made) verify(signature, digest, point)
  const start = process.hrtime.bigint()
  for (let i = 0; i < workerData.perThread; i++) {
    const { signature, digest, point } = made[i % count] as (typeof made)[number]
    if (!verify(signature, digest, point)) throw new TypeError('a signature did not verify')
  }
  parentPort.postMessage(workerData.perThread / (Number(process.hrtime.bigint() - start) / 1e9))
}
