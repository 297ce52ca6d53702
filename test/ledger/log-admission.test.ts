import { describe, expect, it } from 'vitest'
import type { Admission, Entry } from '../../src/ledger/admission.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import { LogWorld } from './log-world.ts'

/** Admits what `judge` lets pass, and remembers what it was asked. */
function admissionBy(judge: (entry: Entry) => void): Admission & { asked: Entry[] } {
  const asked: Entry[] = []
  return {
    asked,
    async admit(entry, sequence) {
      asked.push(entry)
      judge(entry)
      return sequence()
    },
  }
}

const refused = () => {
  throw new LedgerError('LEDGER_ENTRY_REFUSED', 'no', undefined, { reason: 'FILE_NOT_JSON' })
}

describe('a log with admission', () => {
  it('asks before a leaf is sequenced, with the anchor string and the writer', async () => {
    const world = new LogWorld()
    const admission = admissionBy(() => expect(world.entries()).toHaveLength(0))
    const log = await world.open({ admission })
    await log.anchor('1.a', 'alice')
    expect(admission.asked).toEqual([{ anchorString: '1.a', writer: 'alice' }])
    expect(world.entries()).toHaveLength(1)
  })

  it('has no leaf of what is refused, and says why', async () => {
    const world = new LogWorld()
    const log = await world.open({ admission: admissionBy(refused) })
    await expect(log.anchor('1.a', 'alice')).rejects.toMatchObject({
      code: 'LEDGER_ENTRY_REFUSED',
      reason: 'FILE_NOT_JSON',
    })
    expect(world.entries()).toHaveLength(0)
  })

  it('does not ask about what no leaf can hold', async () => {
    const world = new LogWorld()
    const admission = admissionBy(() => {})
    const log = await world.open({ admission })
    await expect(log.anchor('1.a', '')).rejects.toMatchObject({ code: 'LEDGER_ANCHOR_INVALID' })
    expect(admission.asked).toEqual([])
  })

  it('does not judge again what was promised', async () => {
    const world = new LogWorld()
    const log = await world.open({ admission: admissionBy(refused) })
    await expect(log.anchor('1.a', 'alice', { promised: true })).resolves.toMatchObject({ number: 0 })
  })

  it('calls back between admission and sequencing, and makes no leaf where that fails', async () => {
    const world = new LogWorld()
    const steps: string[] = []
    const log = await world.open({ admission: admissionBy(() => void steps.push('judged')) })
    const admitted = async () => {
      steps.push('admitted')
      expect(world.entries()).toHaveLength(0)
      throw new LedgerError('LEDGER_CLOSED', 'not now')
    }
    await expect(log.anchor('1.a', 'alice', { admitted })).rejects.toMatchObject({ code: 'LEDGER_CLOSED' })
    expect(steps).toEqual(['judged', 'admitted'])
    expect(world.entries()).toHaveLength(0)
  })
})
