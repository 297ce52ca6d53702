import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TrustReport } from '../../src/trust/types.ts'
import { runHere } from '../cli/process.ts'
import { KuboServer } from '../content/kubo-server.ts'
import { type NodeProcess, readyUrl, spawnCommand } from '../faults/process.ts'
import { tempFolder } from '../temp.ts'
import { composeServices } from './compose-file.ts'

const MAIN = resolve('src/cli/main.ts')
const folder = tempFolder()
const volume = (service: string) => join(folder, 'volumes', service)
const kubo = new KuboServer()
const processes = new Map<string, NodeProcess>()
/** Where a service is reached, by the URL that other services know. */
const urls = new Map<string, string>()

/** In place of `docker`: runs the command of a container as a process, with the folder that stands for its volume. */
const DOCKER = `#!${process.execPath}
const { execFileSync } = require('node:child_process')
const [compose, verb, ...args] = process.argv.slice(2)
if (compose !== 'compose') process.exit(1)
if (verb === 'build' || (verb === 'up' && args.join() === '-d')) process.exit(0)
if (verb !== 'run' || args.splice(0, 3).join() !== '--rm,-T,--no-deps') process.exit(1)
const [service, ...command] = args
const own = command.map(arg => (arg === '/data' ? process.env.VOLUMES + '/' + service : arg))
execFileSync(process.execPath, [process.env.MAIN, ...own], { stdio: 'inherit' })
`

/** The commands of README.md, run by a shell. */
function makeKeys(): void {
  const commands = /^## In containers\n[\s\S]*?```sh\n([\s\S]*?)```/m.exec(
    readFileSync('README.md', 'utf8'),
  )?.[1]
  mkdirSync(join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'bin', 'docker'), DOCKER)
  chmodSync(join(folder, 'bin', 'docker'), 0o755)
  execFileSync('sh', ['-eu', '-c', commands ?? 'false'], {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      HOME: '/nonexistent',
      MAIN,
      VOLUMES: join(folder, 'volumes'),
    },
  })
}

/** A text of the file or of the policy, with what is elsewhere when there are no containers. */
function mapped(text: string, service: string): string {
  let here = text
    .replace(/^\/data$/, volume(service))
    .replace('/etc/rootline/', `${join(folder, 'etc', service)}/`)
    .replace('0.0.0.0:7777', '127.0.0.1:0')
    .replace(/^\$\{ROOTLINE_LOG_KEY:-\}$/, fromEnvFile('ROOTLINE_LOG_KEY'))
  for (const [url, real] of urls) here = here.replaceAll(url, real)
  return here
}

/** What docker compose would put in place of a variable. */
function fromEnvFile(name: string): string {
  const line = readFileSync(join(folder, '.env'), 'utf8')
    .split('\n')
    .find(each => each.startsWith(`${name}=`))
  return line?.slice(name.length + 1) ?? ''
}

async function start(service: string): Promise<void> {
  const found = services.get(service)
  if (found === undefined) throw new TypeError(`${service} is no service`)
  const { command, environment, dependsOn } = found
  for (const other of dependsOn) if (other !== 'kubo' && !processes.has(other)) await start(other)
  mkdirSync(volume(service), { recursive: true, mode: 0o700 })
  mkdirSync(join(folder, 'etc', service), { recursive: true })
  const policy = readFileSync(join(folder, 'compose', 'policy'), 'utf8')
  writeFileSync(join(folder, 'etc', service, 'policy'), mapped(policy, service))
  const started = spawnCommand(
    command.map(text => mapped(text, service)),
    { env: { ROOTLINE_OBSERVER_POLL_MS: '100', ...environment } },
  )
  processes.set(service, started)
  urls.set(`http://${service}:7777`, await readyUrl(started))
}

const services = composeServices()
/** What the commands wrote, each time that they ran. */
const policies: string[] = []

beforeAll(async () => {
  urls.set('http://kubo:5001', await kubo.start())
  for (let i = 0; i < 2; i++) {
    makeKeys()
    policies.push(readFileSync(join(folder, 'compose', 'policy'), 'utf8'))
  }
  for (const [service, { image }] of services) {
    if (image === 'rootline' && !processes.has(service)) await start(service)
  }
})

afterAll(async () => {
  for (const { child, end } of processes.values()) {
    child.kill('SIGTERM')
    await end
  }
  await kubo.stop()
})

const urlOf = (service: string) => urls.get(`http://${service}:7777`) ?? ''

/** The status of a request that names its host in another way. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((done, reject) => {
    request(url, { headers: { host } }, response => {
      response.resume()
      done(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe('the services of docker-compose.yml, as processes', () => {
  it('are a log, two witnesses, a follower and Kubo, each with a volume of its own', () => {
    expect([...services.keys()]).toEqual(['log', 'witness-one', 'witness-two', 'follower', 'kubo'])
    const volumes = [...services].map(([name, service]) => [name, service.volumes[0]])
    for (const [name, first] of volumes) expect(first).toMatch(new RegExp(`^${name}:/data(/ipfs)?$`))
    expect([...processes.keys()].sort()).toEqual(['follower', 'log', 'witness-one', 'witness-two'])
  })

  it('start with the keys that the commands of README.md make, and with no others', () => {
    for (const service of ['log', 'witness-one', 'witness-two'])
      expect(existsSync(volume(service))).toBe(true)
    const key = fromEnvFile('ROOTLINE_LOG_KEY')
    expect(key).toMatch(/^log\.example\+[0-9a-f]{8}\+/)
    const [log, one, two] = readFileSync(join(folder, 'compose', 'policy'), 'utf8').split('\n')
    expect(log).toBe(`log ${key}`)
    expect(one).toMatch(/^witness one one\.example\+\S+ http:\/\/witness-one:7777$/)
    expect(two).toMatch(/^witness two two\.example\+\S+ http:\/\/witness-two:7777$/)
  })

  it('keep their keys when the commands are run again', () => {
    expect(policies).toHaveLength(2)
    expect(policies[1]).toBe(policies[0])
  })

  it('resolve on the follower what the log anchored, cosigned by both witnesses, and Kubo has the files', async () => {
    const passphrase = join(folder, 'passphrase')
    writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 })
    const at = (service: string) => ({
      ROOTLINE_KEYSTORE: join(folder, 'keystore.json'),
      ROOTLINE_PASSPHRASE_FILE: passphrase,
      ROOTLINE_NODE: urlOf(service),
      ROOTLINE_TOKEN_FILE: join(volume(service), 'token'),
    })
    const created = await runHere(['did', 'create', '--wait', '--json'], at('log'))
    expect(created.status, created.stderr).toBe(0)
    const { did } = JSON.parse(created.stdout) as { did: string }
    const known = async () => (await fetch(`${urlOf('follower')}/1.0/identifiers/${did}`)).status
    await vi.waitFor(async () => expect(await known()).toBe(200), 20_000)
    const explained = await runHere(['did', 'resolve', did, '--explain', '--json'], at('follower'))
    expect(explained.status, explained.stdout).toBe(0)
    const { report } = JSON.parse(explained.stdout) as { report: TrustReport }
    expect(report.edges.find(({ code }) => code === 'CHECKPOINT_WITNESSED')?.result).toBe('pass')
    const cosigners = report.roots.map(({ name }) => name).filter(name => name.startsWith('the witness '))
    expect(cosigners.sort()).toEqual(['the witness one', 'the witness two'])
    await vi.waitFor(() => expect(kubo.pins.size).toBe(3), 20_000)
  })

  it('answer each other by the names that they have there, and no other name', async () => {
    expect(await statusFor(`${urlOf('log')}/log/checkpoint`, 'log:7777')).toBe(200)
    expect(await statusFor(`${urlOf('log')}/log/checkpoint`, 'elsewhere:7777')).toBe(421)
    expect(await statusFor(`${urlOf('witness-one')}/health/ready`, 'witness-one:7777')).toBe(200)
  })

  it('are ready, as their health check asks', async () => {
    for (const service of processes.keys()) {
      await vi.waitFor(async () => {
        expect((await fetch(`${urlOf(service)}/health/ready`)).status, service).toBe(200)
      }, 20_000)
    }
  })
})
