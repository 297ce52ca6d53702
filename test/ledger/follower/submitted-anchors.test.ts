import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import type { SubmittingParts } from '../../../src/ledger/follower/submitted-anchors.ts'
import { encodeLeaf } from '../../../src/ledger/log/leaf.ts'
import { type Receipt, signReceipt } from '../../../src/ledger/submission/receipt.ts'
import { FollowerWorld } from './follower-world.ts'
import { anchors, History, KEY, ORIGIN, ScriptedLog } from './scripted-log.ts'

const ANCHOR = '3.Qm'

/** A log that promises a leaf for what is handed in, and shows it when it is told to. */
class WritableLog {
  readonly log: ScriptedLog
  readonly world: FollowerWorld
  submitted = 0
  /** What is answered to a submission. */
  answer: () => Promise<string>
  readonly kept = new Map<string, string>()
  readonly overdue: Receipt[] = []

  private constructor(log: ScriptedLog) {
    this.log = log
    this.world = new FollowerWorld(log)
    this.answer = () => this.receipt()
  }

  static async serve(): Promise<WritableLog> {
    return new WritableLog(await ScriptedLog.serve(new History(anchors(3))))
  }

  get now(): number {
    return Math.floor(this.world.time / 1000)
  }

  receipt(change: Partial<Receipt> = {}, signer = KEY): Promise<string> {
    const receipt = {
      origin: ORIGIN,
      anchorString: ANCHOR,
      writer: 'alice',
      time: this.now,
      deadline: this.now + 60,
    }
    return signReceipt({ ...receipt, ...change }, signer)
  }

  /** The log shows a leaf. */
  async show(time: number, writer = 'alice'): Promise<void> {
    const leaf = encodeLeaf({ type: 'anchor', time, anchorString: ANCHOR, writer })
    await this.log.show(new History([...this.log.history.entries, leaf]))
  }

  async open(waitMs = 60_000) {
    const submitting: SubmittingParts = {
      submitter: {
        submit: async () => {
          this.submitted++
          return this.answer()
        },
      },
      keepReceipt: async (anchorString, receipt) => {
        if (receipt === undefined) this.kept.delete(anchorString)
        else this.kept.set(anchorString, receipt)
      },
      onOverdue: receipt => this.overdue.push(receipt),
      waitMs,
    }
    const follower = await this.world.open({ submitting })
    await follower.look().catch(() => {})
    return follower
  }
}

describe('a follower that may write', () => {
  it('anchors what it hands in once its leaf is shown, and keeps the receipt until then', async () => {
    const log = await WritableLog.serve()
    log.answer = async () => {
      await log.show(log.now)
      return log.receipt()
    }
    const follower = await log.open()
    expect(follower.describe().readOnly).toBeUndefined()
    const anchoring = follower.anchor(ANCHOR)
    expect(await anchoring).toMatchObject({ number: 3, anchorString: ANCHOR, writer: 'alice' })
    expect(log.kept.size).toBe(0)
    expect(log.overdue).toEqual([])
  })

  it('says that it does not know where no leaf is shown for long, and does not hand in again', async () => {
    const log = await WritableLog.serve()
    const follower = await log.open(0)
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    expect(log.submitted).toBe(1)
    expect(log.kept.get(ANCHOR)).toBe(await log.receipt())
    await log.show(log.now)
    await follower.look()
    expect(log.kept.size).toBe(0)
  })

  it('finds after a kill what it was promised before', async () => {
    const log = await WritableLog.serve()
    const first = await log.open(0)
    await expect(first.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    await first.close()
    await log.show(log.now)
    const second = await log.open()
    expect(log.kept.size).toBe(0)
    log.answer = () => Promise.reject(new LedgerError('LEDGER_UNREACHABLE', 'no'))
    expect((await second.transactions(2, 1)).map(({ anchorString }) => anchorString)).toEqual([ANCHOR])
  })

  it('is not content with the leaf of another writer', async () => {
    const log = await WritableLog.serve()
    const follower = await log.open(0)
    await log.show(log.now, 'bob')
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
  })

  it('keeps a receipt that was not honoured in time, tells of it, and hands the batch in again', async () => {
    const log = await WritableLog.serve()
    const follower = await log.open(0)
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    const receipt = log.kept.get(ANCHOR)
    log.world.time += 61_000
    log.answer = () => Promise.reject(new LedgerError('LEDGER_UNREACHABLE', 'no'))
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    expect(log.kept.get(ANCHOR)).toBe(receipt)
    expect(log.overdue).toMatchObject([{ anchorString: ANCHOR }])
  })

  it('keeps a receipt whose leaf came late, and counts the batch as anchored', async () => {
    const log = await WritableLog.serve()
    const follower = await log.open(0)
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    await log.show(log.now + 61)
    await follower.look()
    expect(log.kept.has(ANCHOR)).toBe(true)
    expect(log.overdue).toHaveLength(1)
    expect(await follower.transactions(2, 1)).toMatchObject([{ anchorString: ANCHOR }])
  })

  it.each<[string, (log: WritableLog) => Promise<string>]>([
    ['of another batch', log => log.receipt({ anchorString: '4.Qm' })],
    ['of another log', log => log.receipt({ origin: 'other.example' })],
    ['that is a checkpoint', async log => log.log.note],
    ['that is nothing', async () => ''],
  ])('takes no receipt %s', async (_, answer) => {
    const log = await WritableLog.serve()
    log.answer = () => answer(log)
    const follower = await log.open()
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_RECEIPT_INVALID' })
    expect(log.kept.size).toBe(0)
  })

  it('gives up waiting when it is told that the process ends', async () => {
    const log = await WritableLog.serve()
    const follower = await log.open()
    const anchoring = follower.anchor(ANCHOR)
    const ended = expect(anchoring).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    while (log.kept.size === 0) await new Promise(resolve => setImmediate(resolve))
    follower.release()
    await ended
  })

  it('stops waiting where the log shows two histories', async () => {
    const log = await WritableLog.serve()
    const follower = await log.open()
    log.answer = async () => {
      await log.log.show(new History(anchors(3, 'other')))
      return log.receipt()
    }
    await expect(follower.anchor(ANCHOR)).rejects.toMatchObject({ code: 'LEDGER_FROZEN' })
  })
})
