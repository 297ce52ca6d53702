import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { composeServices } from './compose-file.ts'

const compose = spawnSync('docker-compose', ['-f', 'docker-compose.yml', 'config'], {
  encoding: 'utf8',
  env: { ...process.env, ROOTLINE_LOG_KEY: 'log.example+0+x' },
})
const hasCompose = compose.error === undefined
if (!hasCompose) console.log('skipped: no docker-compose to check docker-compose.yml with')

it.skipIf(!hasCompose)('docker-compose.yml is one that docker-compose accepts', () => {
  expect(compose.stderr).toBe('')
  expect(compose.status).toBe(0)
  expect(compose.stdout).toContain('- log.example+0+x')
})

it.skipIf(!hasCompose)('publishes the log and the follower, to this machine alone', () => {
  const published = [...compose.stdout.matchAll(/^ +- (\d\S*:\d+:7777)(\/tcp)?$/gm)].map(([, port]) => port)
  expect(published.sort()).toEqual(['127.0.0.1:7777:7777', '127.0.0.1:7778:7777'])
})

it.skipIf(!hasCompose)('publishes nothing of Kubo, whose RPC rules it', () => {
  expect(compose.stdout).toContain('ipfs/kubo:')
  const elsewhere = compose.stdout.replaceAll('http://kubo:5001', '')
  expect(elsewhere).not.toMatch(/:(4001|5001|8080)(\/|$)/m)
})

it('the image runs a node as docker-compose.yml runs the log, as a user without rights', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1]
  const own = JSON.parse(command ?? '[]') as string[]
  expect(own.length).toBeGreaterThan(0)
  expect(composeServices().get('log')?.command.slice(0, own.length)).toEqual(own)
  expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('FROM '))
})

it('the image starts what the package calls rootline', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: { rootline: string } }
  expect(dockerfile).toContain(`ENTRYPOINT ["node", "${bin.rootline}"]`)
})
