import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TrustReport } from '../../src/trust/types.ts'
import { rootline } from '../cli/process.ts'
import { tempFolder } from '../temp.ts'
import type { Role } from './network.ts'

const SKEWED_CLOCK = new URL('skewed-clock.ts', import.meta.url).href

/** The clock of one process. */
export interface SetClock {
  /** For the process that is to have it. */
  env: Record<string, string>
  /** Sets it so many seconds ahead of the machine's. */
  set(seconds: number): void
}

export function clock(): SetClock {
  const file = join(tempFolder(), 'clock')
  const set = (seconds: number) => {
    // In one step: the process reads it all the time.
    writeFileSync(`${file}.next`, String(seconds * 1000))
    renameSync(`${file}.next`, file)
  }
  set(0)
  return { env: { NODE_OPTIONS: `--import ${SKEWED_CLOCK}`, CLOCK_FILE: file }, set }
}

/** Why a node is not ready: code and sentence of each reason; empty where it is. */
export async function reasonsOf({ url }: Role): Promise<{ code: string; detail: string }[]> {
  const response = await fetch(`${url}/health/ready`)
  if (response.status === 200) return []
  return ((await response.json()) as { reasons: { code: string; detail: string }[] }).reasons
}

/** A node's report on a DID. */
export async function reportOf({ url, data }: Role, did: string): Promise<TrustReport> {
  const token = readFileSync(join(data, 'token'), 'utf8').trim()
  const response = await fetch(`${url}/dids/${did}/report`, { headers: { authorization: `Bearer ${token}` } })
  return ((await response.json()) as { report: TrustReport }).report
}

/** The verdict of a node's report on a DID (`all`), and of each claim in it. */
export async function claimsOf(role: Role, did: string): Promise<{ [claim: string]: string }> {
  const { claims, verdict } = await reportOf(role, did)
  return { ...Object.fromEntries(claims.map(claim => [claim.id, claim.verdict])), all: verdict }
}

/** Runs a command to its end: the real one, or in this process, which is quicker. */
type RunCommand = (args: string[]) => Promise<{ status: number | null; stdout: string; stderr: string }>

/** What `rootline log evidence` says of a folder, and what `rootline log verify-evidence` says of that, by exit status. */
export async function evidenceOf(
  { data }: Pick<Role, 'data'>,
  vkey: string,
  run: RunCommand = rootline,
): Promise<{ text: string; json: string; verified: number | null; said: string }> {
  const [shown, json] = [
    await run(['log', 'evidence', '--data', data]),
    await run(['log', 'evidence', '--data', data, '--json']),
  ]
  if (shown.status !== 0 || json.status !== 0) throw new TypeError(`${shown.stderr}${json.stderr}`)
  return { text: shown.stdout, json: json.stdout, ...(await verifiedEvidence(json.stdout, vkey, run)) }
}

/** What `rootline log verify-evidence` says of a text. */
export async function verifiedEvidence(
  text: string,
  vkey: string,
  run: RunCommand = rootline,
): Promise<{ verified: number | null; said: string }> {
  const file = join(tempFolder(), 'evidence.json')
  writeFileSync(file, text)
  const { status, stdout, stderr } = await run(['log', 'verify-evidence', file, '--log-key', vkey])
  return { verified: status, said: stdout + stderr }
}
