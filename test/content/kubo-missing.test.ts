import { expect, it, vi } from 'vitest'
import { KuboRpc } from '../../src/content/kubo/kubo-rpc.ts'
import { failureOf } from './failure.ts'

vi.mock('kubo-rpc-client', () => {
  throw new TypeError('as if it were not installed')
})

it('a program without the optional client of Kubo is told so when it asks for Kubo', async () => {
  expect(await failureOf(KuboRpc.connect('http://127.0.0.1:5001'))).toBe('CONTENT_CLIENT_MISSING')
})
