import { describe, expect, it } from 'vitest'
import { AUTHORIZED, serverFor } from './api.ts'
import { FakeNode, healthy, transactionRecord } from './fake-node.ts'

describe('the transactions', () => {
  it('come in pages, each with the cursor of the next', async () => {
    const node = new FakeNode()
    node.transactionRecords = [0, 3, 4, 900, 901].map(transactionRecord)
    const app = await serverFor({ node })
    const numbers: number[] = []
    let after: string | undefined
    do {
      const response = await app.inject(
        `/transactions?limit=2${after === undefined ? '' : `&after=${after}`}`,
      )
      const page = response.json()
      numbers.push(...page.transactions.map(({ number }: { number: number }) => number))
      after = page.next
    } while (after !== undefined)
    expect(numbers).toEqual([0, 3, 4, 900, 901])
  })

  it('have times that are times', async () => {
    const node = new FakeNode()
    node.transactionRecords = [transactionRecord(1)]
    const app = await serverFor({ node })
    expect((await app.inject('/transactions')).json()).toEqual({
      transactions: [
        {
          number: 1,
          time: '2026-04-24T03:06:40.000Z',
          timeHash: '00',
          anchorString: '1.QmY',
          writer: 'w',
          outcome: 'applied',
          operations: 1,
          problems: [],
          files: [{ role: 'core-index', uri: 'QmY' }],
          firstSeen: '2026-04-24T03:06:40.000Z',
          decidedAt: '2026-04-24T03:06:40.001Z',
        },
      ],
    })
  })

  it.each([
    ['?limit=0', 'PARAMETER_INVALID'],
    ['?limit=1001', 'PARAMETER_INVALID'],
    ['?limit=x', 'PARAMETER_INVALID'],
    ['?limit=1&limit=2', 'PARAMETER_INVALID'],
    ['?after=3', 'CURSOR_INVALID'],
    ['?after=', 'CURSOR_INVALID'],
    [`?after=${Buffer.from('01').toString('base64url')}`, 'CURSOR_INVALID'],
    [`?after=${Buffer.from('-1').toString('base64url')}`, 'CURSOR_INVALID'],
    [`?after=${Buffer.from('9007199254740992').toString('base64url')}`, 'CURSOR_INVALID'],
    [`?after=${'A'.repeat(1000)}`, 'CURSOR_INVALID'],
  ])('%s is refused', async (query, code) => {
    const node = new FakeNode()
    const app = await serverFor({ node })
    const response = await app.inject(`/transactions${query}`)
    expect([response.statusCode, response.json().code]).toEqual([400, code])
    expect(node.asked).toEqual([])
  })
})

describe('the status of the node', () => {
  it('shows the texts of errors to whoever has the token, alone', async () => {
    const node = new FakeNode()
    node.nodeStatus = healthy()
    node.nodeStatus.observer.lastError = 'cannot read /secret/a'
    node.nodeStatus.queue.lastError = 'cannot read /secret/b'
    const app = await serverFor({ node })
    const open = await app.inject('/status')
    expect(open.json()).toEqual({ ...healthy() })
    const full = await app.inject({ url: '/status', headers: AUTHORIZED })
    expect(full.json()).toEqual(node.nodeStatus)
  })
})
