import type * as Crypto from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { ML_DSA_44 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey } from '../../src/merkle/signing-key.ts'
import { formatVkey, parseVkey } from '../../src/merkle/vkey.ts'

vi.mock('node:crypto', async original => {
  const fail = () => {
    throw new TypeError('as if OpenSSL had no ML-DSA')
  }
  return { ...(await original<typeof Crypto>()), createPublicKey: fail, createPrivateKey: fail }
})

it('on a Node.js without ML-DSA, its keys are refused as unsupported', () => {
  const unsupported = expect.objectContaining({ code: 'VKEY_UNSUPPORTED' })
  expect(() => parseVkey(formatVkey('w.example', 0x06, Buffer.alloc(1312)))).toThrow(unsupported)
  expect(() => formatSigningKey('w.example', Buffer.alloc(32), ML_DSA_44)).toThrow(unsupported)
})
