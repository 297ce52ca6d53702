import { FollowedLog, type FollowedLogParts } from '../../../src/ledger/follower/followed-log.ts'
import type { TlogPolicy } from '../../../src/merkle/policy.ts'
import { StoreError } from '../../../src/store/errors.ts'
import { Disk, memoryStore } from '../../node/memory-store.ts'
import { KEY, ORIGIN, type ScriptedLog, START } from './scripted-log.ts'

/** A follower's disk and clock, which outlive its processes. Each `open` is a new process. */
export class FollowerWorld {
  readonly disk = new Disk()
  readonly log: ScriptedLog
  /** Unix milliseconds. */
  time = (START + 100_000) * 1000
  policy: TlogPolicy | undefined
  /** The commit, from now on, at which the process is killed, and whether it still takes effect. */
  kill: { commit: number; applied: boolean } | undefined
  commits = 0
  /** What was kept for the operator. */
  evidence: string | undefined

  constructor(log: ScriptedLog) {
    this.log = log
  }

  open(more: Partial<FollowedLogParts> = {}): Promise<FollowedLog> {
    let dead = false
    const killed = () => new StoreError('STORE_CLOSED', 'world', 'the process was killed')
    const step = async (_: string, take: () => void) => {
      if (dead) throw killed()
      this.commits++
      if (this.kill !== undefined) this.kill.commit--
      if (this.kill === undefined || this.kill.commit > 0) return take()
      if (this.kill.applied) take()
      this.kill = undefined
      dead = true
      throw killed()
    }
    const alive = () => {
      if (dead) throw killed()
    }
    return FollowedLog.open({
      store: memoryStore(this.disk, step, alive),
      source: this.log.source(),
      sourceName: this.log.url,
      origin: ORIGIN,
      verifier: KEY.verifier,
      now: () => this.time,
      random: () => 0.5,
      keepEvidence: async text => {
        this.evidence = text
      },
      ...(this.policy === undefined ? {} : { policy: this.policy }),
      ...more,
    })
  }
}

/** The code of the error that a look ends with; undefined where it succeeds. */
export async function lookCode(log: FollowedLog): Promise<string | undefined> {
  try {
    await log.look()
    return undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}
