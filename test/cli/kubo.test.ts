import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { KuboServer } from '../content/kubo-server.ts'
import { rootline, runHere, up, workFolder } from './process.ts'

const servers: KuboServer[] = []
afterAll(async () => {
  for (const server of servers) await server.stop()
})

async function kubo() {
  const server = new KuboServer()
  servers.push(server)
  return { server, url: await server.start() }
}

describe('rootline up --kubo', () => {
  it('keeps the files of the node in Kubo, pinned, and none in its folder', async () => {
    const { server, url } = await kubo()
    const { data, env } = workFolder()
    const node = await up(data, ['--kubo', url])
    const created = await runHere(['did', 'create', '--wait', '--json', '--node', node.url], env)
    expect(created.status, created.stderr).toBe(0)
    const { did } = JSON.parse(created.stdout) as { did: string }
    expect(server.pins.size).toBeGreaterThanOrEqual(3)
    expect(existsSync(join(data, 'content'))).toBe(false)
    const [cid] = server.pins
    expect((await fetch(`${node.url}/ipfs/${cid}?format=raw`)).status).toBe(200)
    const resolved = await runHere(['did', 'resolve', did, '--explain', '--node', node.url], env)
    expect(resolved.status, resolved.stderr).toBe(0)
    server.fault = 'lying'
    const doubted = await runHere(['did', 'resolve', did, '--explain', '--node', node.url], env)
    expect(doubted.status, doubted.stdout).toBe(3)
    server.fault = undefined
    expect((await node.stop()).status).toBe(0)

    const checked = await rootline(['check', '--data', data, '--kubo', url])
    expect(checked.status, checked.stdout).toBe(0)
    expect(checked.stdout).toContain('Kubo keeps it')
    const repaired = await rootline(['repair', '--json', '--data', data, '--kubo', url])
    expect(JSON.parse(repaired.stdout)).toMatchObject({ unresolvable: 0, lost: [] })
  })

  it('is not ready while Kubo does not answer, and says no more of it than that', async () => {
    const { server, url } = await kubo()
    const node = await up(workFolder().data, ['--kubo', url])
    expect((await fetch(`${node.url}/health/ready`)).status).toBe(200)
    expect(await (await fetch(`${node.url}/metrics`)).text()).toContain('\nrootline_content_up 1\n')
    server.fault = 'failing'
    const ready = await fetch(`${node.url}/health/ready`)
    const text = await ready.text()
    expect(ready.status).toBe(503)
    expect(JSON.parse(text)).toMatchObject({ reasons: [{ code: 'CONTENT_NOT_REACHABLE' }] })
    expect(text).not.toContain(url)
    expect(await (await fetch(`${node.url}/metrics`)).text()).toContain('\nrootline_content_up 0\n')
    server.fault = undefined
    expect((await fetch(`${node.url}/health/ready`)).status).toBe(200)
    await node.stop()
  })

  it('finds the files that the folder had before, and moves them to Kubo when they are read', async () => {
    const { data, env } = workFolder()
    const before = await up(data)
    const created = await runHere(['did', 'create', '--wait', '--json', '--node', before.url], env)
    const { did } = JSON.parse(created.stdout) as { did: string }
    await before.stop()
    const { server, url } = await kubo()
    const after = await up(data, ['--kubo', url])
    const resolved = await runHere(['did', 'resolve', did, '--explain', '--node', after.url], env)
    expect(resolved.status, resolved.stderr).toBe(0)
    expect(server.pins.size).toBeGreaterThan(0)
    const metrics = await (await fetch(`${after.url}/metrics`)).text()
    expect(metrics).toMatch(/^rootline_content_sources_total\{source=".*content",outcome="given"\} [1-9]/m)
    await after.stop()
  })

  it.each(['--kubo', '--source'])('refuses a URL with credentials for %s', async option => {
    const { status, stderr } = await rootline([
      'up',
      '--data',
      workFolder().data,
      option,
      'http://me:secret@host',
    ])
    expect(status).toBe(1)
    expect(stderr).toContain('CONFIG_INVALID')
    expect(stderr).not.toContain('secret')
  })
})
