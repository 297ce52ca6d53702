import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'

/** What a user has after `npm install rootline`: the packed package, unpacked beside a program that imports it. */
const consumer = tempFolder()
const installed = join(consumer, 'node_modules/rootline')
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string
  files: string[]
  bin: { rootline: string }
  exports: Record<string, unknown>
}
const subpaths = Object.keys(manifest.exports).filter(subpath => subpath !== './package.json')
let packed: string[] = []

beforeAll(() => {
  const out = tempFolder()
  succeed(node(resolve('.'), 'scripts/build.ts', out))
  for (const file of manifest.files) if (file !== 'dist') cpSync(file, join(out, file), { recursive: true })
  const pack = spawnSync('npm', ['pack', '--json', '--ignore-scripts'], { cwd: out, encoding: 'utf8' })
  succeed(pack)
  const [{ filename, files }] = JSON.parse(pack.stdout) as [{ filename: string; files: { path: string }[] }]
  packed = files.map(file => file.path)
  mkdirSync(installed, { recursive: true })
  succeed(spawnSync('tar', ['-xzf', join(out, filename), '--strip-components=1', '-C', installed]))
  symlinkSync(resolve('node_modules'), join(installed, 'node_modules'))
  writeFileSync(join(consumer, 'package.json'), '{"type":"module"}')
})

function node(cwd: string, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
}

function succeed({ status, stdout, stderr }: SpawnSyncReturns<string | Buffer>): void {
  expect({ status, output: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, output: '' })
}

/** Runs a program that imports the package. */
function run(name: string, text: string, ...args: string[]): string {
  writeFileSync(join(consumer, name), text)
  const done = node(consumer, name, ...args)
  succeed(done)
  return done.stdout
}

describe('the package', () => {
  it('holds what is built, the documents, and no sources or tests', () => {
    const folders = new Set(packed.map(path => path.replace(/\/.*/, '/')))
    expect([...folders].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist/',
      'docs/',
      'package.json',
    ])
    expect(packed.filter(path => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path))).toEqual([])
  })

  it('gives something at each of its subpaths, and nothing elsewhere', () => {
    const names = subpaths.map(subpath => subpath.replace('.', 'rootline'))
    const text = `const names = ${JSON.stringify(names)}
      for (const name of names) console.log(Object.keys(await import(name)).length > 0)
      await import('rootline/dist/src/codec/json.js').catch(error => console.log(error.code))`
    const expected = [...names.map(() => 'true'), 'ERR_PACKAGE_PATH_NOT_EXPORTED']
    expect(run('import.js', text).trim().split('\n')).toEqual(expected)
  })

  it('has the command, which tells the version of the package', () => {
    const { status, stdout, stderr } = node(consumer, join(installed, manifest.bin.rootline), '--version')
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })
})

describe('the image', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const words = (instruction: string): string[] =>
    JSON.parse(new RegExp(`${instruction} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? '[]')

  it('runs its command on what is built, is healthy by its own check, and ends with 0 on SIGTERM', async () => {
    const [program, main = '', ...more] = words('^ENTRYPOINT')
    const [check, ...script] = words('^  CMD')
    expect([program, main, more, check]).toEqual(['node', manifest.bin.rootline, [], 'node'])
    const data = join(tempFolder(), 'data')
    const args = words('^CMD').map(word => word.replace(/^\/data$/, data).replace(/:7777$/, ':0'))
    expect(args).toEqual(['up', '--data', data, '--listen', '0.0.0.0:0'])

    const child = spawn(process.execPath, [join(installed, main), ...args])
    const ended = once(child, 'exit')
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const port = /^rootline is ready at http:\/\/0\.0\.0\.0:(\d+)\n$/.exec(line)?.[1]
    expect(port).toBeDefined()
    succeed(node(consumer, ...script.map(text => text.replace(':7777', `:${port}`))))
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })
})

describe('the examples of docs/library.md', () => {
  const examples = [...readFileSync('docs/library.md', 'utf8').matchAll(/```ts\n(.*?)```/gs)]
  const [resolving = '', embedding = ''] = examples.map(([, text]) => text)

  it('resolve a DID', () => {
    expect(run('resolve.ts', resolving)).toBe('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK\n')
  })

  it('run a node', () => {
    expect(run('embed.ts', embedding, join(tempFolder(), 'data'))).toContain('verified')
  })

  it('are right to the type checker of a strict program', () => {
    const files = ['resolve.ts', 'embed.ts'].map(name => join(consumer, name))
    const options = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext']
    const types = ['--types', 'node', '--typeRoots', resolve('node_modules/@types')]
    const tsc = resolve('node_modules/typescript/bin/tsc')
    succeed(node(consumer, tsc, ...options, ...types, '--skipLibCheck', ...files))
  })
})

it('the built node checks signatures in threads of its own', () => {
  const text = `
    import { subscribe } from 'node:diagnostics_channel'
    import { EmbeddedContentStore } from 'rootline/content'
    import { generatePrivateJwk, publicJwkOf, signerFromJwk } from 'rootline/keys'
    import { generateLogKey, publishedCheckpointFile, systemClock, TransparencyLog } from 'rootline/ledger'
    import { parseSigningKey } from 'rootline/merkle'
    import { startNode } from 'rootline/node'
    import { buildCreate, buildUpdate, didSuffixOf, PROTOCOL_VERSIONS } from 'rootline/sidetree'
    import { Store } from 'rootline/store'

    let threads = 0
    subscribe('worker_threads', () => threads++)
    const folder = process.argv[2]
    const [logStore, contentStore, store] = await Promise.all(
      ['log', 'content', 'node'].map(name => Store.open(folder + '/' + name)),
    )
    const signer = parseSigningKey(generateLogKey('log.example/test'))
    const published = publishedCheckpointFile(folder + '/log-checkpoint')
    const parts = { store: logStore, published, signer, origin: 'log.example/test', clock: systemClock }
    const ledger = await TransparencyLog.open(parts)
    const content = new EmbeddedContentStore(contentStore)
    const versions = PROTOCOL_VERSIONS.rootline
    const settings = { workers: 1, batchIntervalMs: 5 }
    const node = await startNode({
      method: { name: 'rootline' }, versions, store, content, ledger, writer: 'test', settings,
    })

    const newKey = () => generatePrivateJwk('Ed25519')
    const submit = request => node.submit(Buffer.from(JSON.stringify(request)))
    const dids = Array.from({ length: 12 }, () => ({ update: newKey(), recovery: newKey() }))
    for (const did of dids) {
      const keys = { updateKey: publicJwkOf(did.update), recoveryKey: publicJwkOf(did.recovery) }
      const request = buildCreate({ ...keys, document: {} }, versions[0])
      did.suffix = didSuffixOf(request.suffixData)
      await submit(request)
    }
    await node.settled()
    const patches = [{ action: 'add-services', services: [{ id: 'a', type: 'T', serviceEndpoint: 'urn:x:y' }] }]
    const updates = await Promise.all(dids.map(({ suffix, update }) => {
      const next = { nextUpdateKey: publicJwkOf(newKey()), patches }
      return buildUpdate({ didSuffix: suffix, signer: signerFromJwk(update), ...next }, versions[0])
    }))
    const submissions = await Promise.all(updates.map(submit))
    await node.settled()
    const states = await Promise.all(submissions.map(({ status }) => node.operation(status.id)))
    console.log(threads, new Set(states.map(({ state }) => state)))
    await node.stop()
    await ledger.close()
    await Promise.all([logStore.close(), contentStore.close()])
  `
  expect(run('threads.js', text, tempFolder())).toBe("1 Set(1) { 'applied' }\n")
})
