import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestNode } from '../node/parts.ts'
import { batchOf, Population } from './population.ts'
const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
const set = (parts: any) => ({ ...parts, settings: { ...parts.settings, workers: 2, pollMs: 60_000 } })
const first = await startTestNode(folder, set)
const population = new Population()
const put = (bytes: Uint8Array) => first.content.put(bytes)
await first.ledger.anchor(await batchOf(population.creates(10000), put), 'bench')
await first.node.settled(); await first.node.stop()
for (let round = 0; round < 5; round++) await first.ledger.anchor(await batchOf(await population.updates(), put), 'bench')
await first.close()
const { readdirSync, readFileSync, writeFileSync } = await import('node:fs')
const threads = () => new Map(readdirSync('/proc/self/task').map(t => { const st = readFileSync(`/proc/self/task/${t}/stat`, 'utf8'); const f = st.slice(st.lastIndexOf(')') + 2).split(' '); return [t + ' ' + readFileSync(`/proc/self/task/${t}/comm`, 'utf8').trim(), [Number(f[11]) * 10, Number(f[12]) * 10]] as const }))
const base = threads()
const PROF = process.env['PROF']
const { Session } = await import('node:inspector/promises'); const S = new Session(); S.connect()
if (PROF) { await S.post('Profiler.enable'); await S.post('Profiler.setSamplingInterval', { interval: 500 }); await S.post('Profiler.start') }
const t0 = performance.now(); const c0 = process.cpuUsage(); const m0 = process.threadCpuUsage()
const log = (s: string) => console.log(((performance.now() - t0)).toFixed(0).padStart(6), 'cpu', ((process.cpuUsage(c0).user + process.cpuUsage(c0).system) / 1000).toFixed(0), 'main', ((process.threadCpuUsage(m0).user + process.threadCpuUsage(m0).system) / 1000).toFixed(0), s)
;(globalThis as any).LOG = log
const { node, close } = await startTestNode(folder, parts => ({ ...set(parts), onEvent: e => log(e.type + ' ' + (e.transaction?.number ?? '')) }))
await node.settled(); log('settled')
if (PROF) writeFileSync('/root/prof/main.cpuprofile', JSON.stringify((await S.post('Profiler.stop')).profile))
for (const [t, [u, k]] of threads()) { const [bu, bk] = base.get(t) ?? [0, 0]; if (u - bu + k - bk > 30) console.log(t, u - bu, k - bk) }
await close()
