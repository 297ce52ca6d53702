import { join } from 'node:path'
import { FollowedLog } from '../../../src/ledger/follower/followed-log.ts'
import type { LogSource } from '../../../src/ledger/follower/log-source.ts'
import type { TransparencyLog } from '../../../src/ledger/log/transparency-log.ts'
import type { Ledger } from '../../../src/ledger/types.ts'
import { parseBundle } from '../../../src/merkle/entry-bundle.ts'
import { parseTile } from '../../../src/merkle/tile.ts'
import { Store } from '../../../src/store/store.ts'
import { tempFolder } from '../../temp.ts'
import { KEY, LogWorld, ORIGIN } from '../log-world.ts'
import { ledgerSuite } from '../suite.ts'

/** The files of a log in this process. */
function sourceOf(log: TransparencyLog): LogSource {
  return {
    checkpoint: async () => Buffer.from(log.checkpoint()),
    hashes: async (level, index, width) => parseTile(log.tile(level, index, width) ?? Buffer.alloc(0), width),
    entries: async (index, width) => parseBundle((await log.entries(index, width)) ?? Buffer.alloc(0), width),
  }
}

/** A follower whose log takes anchors from elsewhere: here, from whoever asks the follower. */
function anchoringElsewhere(follower: FollowedLog, log: TransparencyLog): Ledger {
  let closed = false
  return {
    anchor: async (anchorString, writer) => {
      if (closed) return follower.anchor(anchorString)
      const transaction = await log.anchor(anchorString, writer)
      await follower.look()
      return transaction
    },
    transactions: (after, limit) => follower.transactions(after, limit),
    head: () => follower.head(),
    reorganised: since => follower.reorganised(since),
    proof: transaction => follower.proof(transaction),
    verify: (proof, transaction) => follower.verify(proof, transaction),
    describe: () => follower.describe(),
    onTransaction: listener => follower.onTransaction(listener),
    close: () => {
      closed = true
      return follower.close()
    },
  }
}

const folder = tempFolder()
let number = 0

ledgerSuite(
  'a followed log on disk',
  async () => {
    const world = new LogWorld()
    const log = await world.open()
    const place = join(folder, `followed-${number++}`)
    const open = async () => {
      const store = await Store.open(place)
      const follower = await FollowedLog.open({
        store,
        source: sourceOf(log),
        sourceName: 'this process',
        origin: ORIGIN,
        verifier: KEY.verifier,
        now: () => world.time,
        random: Math.random,
      })
      return { store, ledger: anchoringElsewhere(follower, log) }
    }
    let opened = await open()
    return {
      ledger: opened.ledger,
      reopen: async () => {
        await opened.ledger.close()
        await opened.store.close()
        opened = await open()
        return opened.ledger
      },
      cleanUp: () => opened.store.close(),
    }
  },
  { durable: true, reorganises: false, proves: true },
)
