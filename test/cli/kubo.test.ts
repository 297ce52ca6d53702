import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
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

/** Waits until Kubo has pinned so many files. */
async function pins(server: KuboServer, count: number): Promise<void> {
  await vi.waitFor(() => expect(server.pins.size).toBe(count), 10_000)
}

async function createdAt(url: string, env: Record<string, string>): Promise<string> {
  const created = await runHere(['did', 'create', '--wait', '--json', '--node', url], env)
  expect(created.status, created.stderr).toBe(0)
  return (JSON.parse(created.stdout) as { did: string }).did
}

async function explained(url: string, did: string, env: Record<string, string>): Promise<void> {
  const resolved = await runHere(['did', 'resolve', did, '--explain', '--node', url], env)
  expect(resolved.status, resolved.stderr).toBe(0)
}

const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text()

describe('rootline up --kubo', () => {
  it('gives Kubo each file of the node, pinned, and needs it for none', async () => {
    const { server, url } = await kubo()
    const { data, env } = workFolder()
    const node = await up(data, ['--kubo', url])
    const did = await createdAt(node.url, env)
    await pins(server, 3)
    server.fault = 'lying'
    await explained(node.url, did, env)
    server.fault = 'hanging'
    await explained(node.url, did, env)
    await createdAt(node.url, env)
    expect((await node.stop()).status).toBe(0)
  })

  it('loses nothing without Kubo and with it again, and check tells what is missing where', async () => {
    const { data, env } = workFolder()
    const before = await up(data)
    const did = await createdAt(before.url, env)
    await before.stop()
    const { server, url } = await kubo()
    const early = await rootline(['check', '--data', data, '--kubo', url])
    expect(early.status).toBe(2)
    expect(early.stdout.match(/is not pinned in Kubo/g)).toHaveLength(3)
    const during = await up(data, ['--kubo', url])
    await pins(server, 3)
    await explained(during.url, did, env)
    await during.stop()
    const checked = await rootline(['check', '--data', data, '--kubo', url])
    expect(checked.status, checked.stdout).toBe(0)
    expect(checked.stdout).toContain('3 files')
    const after = await up(data)
    await explained(after.url, did, env)
    const second = await createdAt(after.url, env)
    await after.stop()
    const again = await up(data, ['--kubo', url])
    await pins(server, 6)
    await explained(again.url, second, env)
    await again.stop()
  })

  it('gets files back from Kubo that the folder has lost', async () => {
    const { server, url } = await kubo()
    const { data, env } = workFolder()
    const node = await up(data, ['--kubo', url])
    const did = await createdAt(node.url, env)
    await pins(server, 3)
    await node.stop()
    await rm(join(data, 'content'), { recursive: true })
    const repaired = await rootline(['repair', '--json', '--data', data, '--kubo', url])
    expect(JSON.parse(repaired.stdout)).toMatchObject({ unresolvable: 0, lost: [] })
    await server.stop()
    const without = await up(data)
    await explained(without.url, did, env)
    await without.stop()
    expect((await rootline(['check', '--data', data])).status).toBe(0)
  })

  it('gives Kubo again what it has lost, after a repair', async () => {
    const { server, url } = await kubo()
    const { data, env } = workFolder()
    const node = await up(data, ['--kubo', url])
    await createdAt(node.url, env)
    await pins(server, 3)
    await node.stop()
    server.pins.clear()
    expect((await rootline(['check', '--data', data, '--kubo', url])).status).toBe(2)
    const { stdout } = await rootline(['repair', '--data', data, '--kubo', url])
    expect(stdout).toContain('Kubo is asked again about 3 files')
    const again = await up(data, ['--kubo', url])
    await pins(server, 3)
    await again.stop()
  })

  it('starts and works while Kubo is away, says so, and is not ready once files have waited long', async () => {
    const { server, url } = await kubo()
    server.fault = 'failing'
    const { data, env } = workFolder()
    const node = await up(data, ['--kubo', url], { ROOTLINE_LIMITS_READY_UNRESOLVABLE_MS: '0' })
    expect((await fetch(`${node.url}/health/ready`)).status).toBe(200)
    await createdAt(node.url, env)
    const metrics = await metricsOf(node.url)
    expect(metrics).toContain('\nrootline_content_mirror_up 0\n')
    expect(metrics).toContain('\nrootline_content_mirror_waiting_files 3\n')
    const ready = await fetch(`${node.url}/health/ready`)
    const text = await ready.text()
    expect(ready.status).toBe(503)
    expect(JSON.parse(text)).toMatchObject({ reasons: [{ code: 'FILES_NOT_MIRRORED' }] })
    expect(text).not.toContain(url)
    server.fault = undefined
    await pins(server, 3)
    await vi.waitFor(async () => expect((await fetch(`${node.url}/health/ready`)).status).toBe(200))
    expect(await metricsOf(node.url)).toContain('\nrootline_content_mirror_up 1\n')
    const { stderr } = await node.stop()
    expect(stderr).toContain('Kubo does not take the files')
    expect(stderr).toContain('Kubo is there')
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
