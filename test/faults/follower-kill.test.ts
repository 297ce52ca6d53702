import { join } from 'node:path'
import { expect, it } from 'vitest'
import { heldLogOf } from '../../src/ledger/follower/held-log.ts'
import { verifyLog } from '../../src/ledger/log/verify-log.ts'
import { Store } from '../../src/store/store.ts'
import { anchors, History, KEY, ORIGIN, ScriptedLog } from '../ledger/follower/scripted-log.ts'
import { tempFolder } from '../temp.ts'
import { readyUrl, spawnNode } from './process.ts'

/** For a run that shows more: ROOTLINE_KILLS=100 npx vitest run test/faults/follower-kill */
const KILLS = Number(process.env['ROOTLINE_KILLS'] ?? 6)
const SIZE = 20_000

/** All that the database of a follower holds of its log, and what is wrong with it. */
async function held(data: string) {
  const store = await Store.open(join(data, 'followed'))
  try {
    const { published } = heldLogOf(store)
    const all: string[] = []
    for await (const [key, value] of store.entries({}))
      all.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('base64')}`)
    return { all, published, ...(await verifyLog(store, ORIGIN, KEY.verifier, published)) }
  } finally {
    await store.close()
  }
}

it(
  `a follower that is killed ${KILLS} times while it catches up ends with what another has that was not`,
  async () => {
    const log = await ScriptedLog.serve(new History(anchors(SIZE)))
    // The files of the anchors are nowhere, which is another matter.
    const env = {
      ROOTLINE_FOLLOW: log.url.replace('/log/', ''),
      ROOTLINE_LOG_KEY: KEY.verifier.vkey,
      ROOTLINE_OBSERVER_POLL_MS: '50',
    }
    const data = join(tempFolder(), 'killed')
    for (let kill = 0; kill < KILLS; kill++) {
      const before = log.asked.length
      const node = spawnNode(data, { env })
      // Each time a little further into the way: by what it has asked for.
      const asked = 1 + kill * 15 + Math.floor(Math.random() * 10)
      while (log.asked.length < before + asked) await new Promise(resolve => setTimeout(resolve, 2))
      node.child.kill('SIGKILL')
      await node.end
      const { problems, published } = await held(data)
      expect(problems).toEqual([])
      if (published !== undefined) expect(published).toBe(log.note)
    }
    const whole = join(tempFolder(), 'whole')
    for (const place of [data, whole]) {
      const node = spawnNode(place, { env })
      await readyUrl(node)
      node.child.kill('SIGTERM')
      expect(await node.end).toMatchObject({ status: 0 })
    }
    const [killed, other] = [await held(data), await held(whole)]
    expect(killed).toMatchObject({ size: SIZE, problems: [], published: log.note })
    expect(killed.all).toEqual(other.all)
  },
  60_000 + KILLS * 10_000,
)
