import { describe, expect, it } from 'vitest'
import { parseForkEvidence, verifyForkEvidence } from '../../../src/ledger/follower/fork-evidence.ts'
import { firstQuorumTime, quorumTime } from '../../../src/ledger/follower/quorum.ts'
import type { TlogPolicy } from '../../../src/merkle/policy.ts'
import { COSIGNATURE_V1, cosignatureMessage } from '../../../src/merkle/signature-types.ts'
import { formatSigningKey, type NoteSigner, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { formatVkey, parseVkey } from '../../../src/merkle/vkey.ts'
import { FollowerWorld, lookCode } from './follower-world.ts'
import { anchors, History, KEY, ORIGIN, ScriptedLog, START } from './scripted-log.ts'

/** A witness that signs anything, at the time that it is given. */
function witness(name: string, seed: number) {
  const plain = parseSigningKey(formatSigningKey(name, Buffer.alloc(32, seed)))
  const publicKey = Buffer.from(plain.verifier.vkey.split('+').slice(2).join('+'), 'base64').subarray(1)
  const verifier = parseVkey(formatVkey(name, COSIGNATURE_V1.type, publicKey))
  const at = (time: number): NoteSigner => ({
    verifier,
    sign: async text => {
      const stamp = Buffer.alloc(8)
      stamp.writeBigUInt64BE(BigInt(time))
      return Buffer.concat([stamp, await plain.sign(cosignatureMessage(time, text))])
    },
  })
  return { name, verifier, at }
}

const [W1, W2, W3] = [witness('w1', 1), witness('w2', 2), witness('w3', 3)]
const POLICY: TlogPolicy = {
  logs: [{ verifier: KEY.verifier }],
  witnesses: [W1, W2, W3].map(({ name, verifier }) => ({ name, verifier })),
  groups: [{ name: 'all', threshold: 2, members: ['w1', 'w2', 'w3'] }],
  quorum: 'all',
}
const NOW = START + 100_000

async function following(history: History, signers: readonly NoteSigner[]) {
  const log = await ScriptedLog.serve()
  await log.show(history, history.entries.length, signers)
  const world = new FollowerWorld(log)
  world.policy = POLICY
  return { log, world, follower: await world.open() }
}

describe('a policy with witnesses', () => {
  const history = new History(anchors(20))
  const longer = new History(anchors(50))

  it.each([
    ['nobody', []],
    ['one of the two that it takes', [W1.at(NOW)]],
    ['one, twice', [W1.at(NOW), W1.at(NOW + 1)]],
    ['strangers', [witness('w1', 9).at(NOW), witness('x', 8).at(NOW)]],
  ] as const)('a checkpoint that is cosigned by %s is not applied', async (_, cosigners) => {
    const { follower, log } = await following(history, [KEY, ...cosigners])
    expect(await lookCode(follower)).toBe('LEDGER_QUORUM_MISSING')
    expect(follower.status()).toMatchObject({ size: 0, held: 0 })
    await log.show(history, 20, [KEY, W1.at(NOW), W3.at(NOW)])
    await follower.look()
    expect(follower.status().size).toBe(20)
  })

  it('a false signature in the name of a witness counts for nothing, and neither does its note', async () => {
    const { follower, log } = await following(history, [KEY, W1.at(NOW), W2.at(NOW)])
    const other = await longer.checkpoint(50, [KEY, W1.at(NOW), W2.at(NOW)])
    const last = other.trimEnd().split('\n').at(-1)
    log.note = `${log.note.trimEnd().split('\n').slice(0, -1).join('\n')}\n${last}\n`
    expect(await lookCode(follower)).toBe('LEDGER_CHECKPOINT_REFUSED')
  })

  it('without the log, a quorum is worth nothing', async () => {
    const { follower } = await following(history, [W1.at(NOW), W2.at(NOW), W3.at(NOW)])
    expect(await lookCode(follower)).toBe('LEDGER_CHECKPOINT_REFUSED')
  })

  it('its time is the latest that a quorum has signed, and newer cosignatures renew it', async () => {
    const { follower, log } = await following(history, [
      KEY,
      W1.at(NOW - 500),
      W2.at(NOW - 90),
      W3.at(NOW - 300),
    ])
    await follower.look()
    expect((await follower.head()).confirmed).toEqual({ at: NOW - 300, by: 'witnesses' })
    await log.show(history, 20, [KEY, W1.at(NOW - 10), W2.at(NOW - 20)])
    await follower.look()
    expect((await follower.head()).confirmed).toEqual({ at: NOW - 20, by: 'witnesses' })
    await log.show(history, 20, [KEY, W1.at(NOW - 400), W2.at(NOW - 400)])
    await follower.look()
    expect((await follower.head()).confirmed).toEqual({ at: NOW - 20, by: 'witnesses' })
  })

  it('is part of each proof, and its witnesses are what the ledger rests on beside the key of the log', async () => {
    const { follower } = await following(history, [KEY, W1.at(NOW), W2.at(NOW)])
    await follower.look()
    const [transaction] = await follower.transactions(undefined, 1)
    if (transaction === undefined) throw new TypeError('nothing is shown')
    const checks = follower.verify(await follower.proof(transaction), transaction)
    expect(checks.map(({ code, result }) => `${code} ${result}`)).toContain('CHECKPOINT_WITNESSED pass')
    expect(follower.describe().roots.map(({ id }) => id)).toEqual(['log-key', 'log-witnesses'])
  })

  it('is too old for the operator once its witnesses have not signed for long, whatever the source shows', async () => {
    const { follower, world } = await following(history, [KEY, W1.at(NOW), W2.at(NOW)])
    world.time += 590_000
    await follower.look()
    expect(follower.problems()).toEqual([])
    world.time += 20_000
    await follower.look()
    expect(follower.problems()).toMatchObject([{ code: 'LEDGER_STALE' }])
  })

  it('asks nothing of a policy without a quorum', async () => {
    const none = { ...POLICY, quorum: 'none' }
    expect([quorumTime(none, []), firstQuorumTime(none, [])]).toEqual([undefined, undefined])
    const { world, log } = await following(history, [KEY])
    world.policy = none
    const follower = await world.open()
    await follower.look()
    expect(follower.status().size).toBe(20)
    expect((await follower.head()).confirmed).toMatchObject({ by: 'source' })
    expect(
      follower
        .describe()
        .roots.map(({ name }) => name)
        .join(),
    ).toContain(log.url)
  })

  it('a second history that no quorum has cosigned freezes it all the same', async () => {
    const fork = new History([...anchors(10), ...anchors(40, 'b', 10)])
    const { follower, log, world } = await following(history, [KEY, W1.at(NOW), W2.at(NOW)])
    await follower.look()
    await log.show(longer, 50, [KEY])
    expect(await lookCode(follower)).toBe('LEDGER_QUORUM_MISSING')
    log.asked.length = 0
    expect(await lookCode(follower)).toBe('LEDGER_QUORUM_MISSING')
    expect(log.asked).toEqual(['checkpoint'])
    await log.show(fork, 49, [KEY])
    log.history = new History(fork.entries.slice(0, 49))
    expect(await lookCode(follower)).toBe('LEDGER_FROZEN')
    const evidence = parseForkEvidence(Buffer.from(world.evidence ?? ''))
    expect(verifyForkEvidence(evidence, ORIGIN, KEY.verifier).proven).toBe(true)
  })

  it('a quorum that signs anything does not make two histories one', async () => {
    const fork = new History([...anchors(10), ...anchors(10, 'b', 10)])
    const { follower, log } = await following(history, [KEY, W1.at(NOW), W2.at(NOW)])
    await follower.look()
    await log.show(fork, 20, [KEY, W1.at(NOW + 1), W2.at(NOW + 1)])
    expect(await lookCode(follower)).toBe('LEDGER_FROZEN')
  })
})
