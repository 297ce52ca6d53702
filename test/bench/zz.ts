import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from 'node:inspector/promises'
import { startTestNode } from '../node/parts.ts'
import { batchOf, Population } from './population.ts'
const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
const { node, ledger, content, close } = await startTestNode(folder, parts => ({ ...parts, settings: { ...parts.settings, workers: 2, pollMs: 60_000 } }))
const N = 10000
const population = new Population()
const put = (bytes: Uint8Array) => content.put(bytes)
await ledger.anchor(await batchOf(population.creates(N), put), 'bench')
await node.settled()
const rounds = []
for (let i = 0; i < 3; i++) rounds.push(await batchOf(await population.updates(), put))
const s = new Session(); s.connect(); await s.post('Profiler.enable'); await s.post('Profiler.setSamplingInterval', { interval: 200 })
await ledger.anchor(rounds[0]!, 'bench'); await node.settled()
await s.post('Profiler.start')
const c0 = process.cpuUsage(), t0 = performance.now(); const m0 = process.threadCpuUsage()
await ledger.anchor(rounds[1]!, 'bench'); await node.settled()
await ledger.anchor(rounds[2]!, 'bench'); await node.settled()
const c = process.cpuUsage(c0), m = process.threadCpuUsage(m0)
console.log('wall us/op', (performance.now() - t0) * 1000 / (2 * N), 'cpu us/op', (c.user + c.system) / (2 * N), 'main us/op', (m.user + m.system) / (2 * N))
const { profile } = await s.post('Profiler.stop')
writeFileSync('/root/prof/main.cpuprofile', JSON.stringify(profile))
console.log(await node.status())
await close()
