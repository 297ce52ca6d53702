import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const compose = spawnSync('docker-compose', ['-f', 'docker-compose.yml', 'config'], { encoding: 'utf8' })
const hasCompose = compose.error === undefined
if (!hasCompose) console.log('skipped: no docker-compose to check docker-compose.yml with')

it.skipIf(!hasCompose)('docker-compose.yml is one that docker-compose accepts', () => {
  expect(compose.stderr).toBe('')
  expect(compose.status).toBe(0)
  expect(compose.stdout).toContain('127.0.0.1:7777:7777')
  expect(compose.stdout).toContain('ROOTLINE_KUBO: http://kubo:5001')
})

it.skipIf(!hasCompose)('publishes nothing of Kubo, whose RPC rules it', () => {
  expect(compose.stdout).toContain('ipfs/kubo:')
  const elsewhere = compose.stdout.replaceAll('http://kubo:5001', '')
  expect(elsewhere).not.toMatch(/:(4001|5001|8080)(\/|$)/m)
})

it('the image runs the command that docker-compose.yml gives, as a user without rights', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1]
  expect(command).toBeDefined()
  expect(readFileSync('docker-compose.yml', 'utf8')).toContain(`command: ${command}\n`)
  expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('FROM '))
})

it('the image starts what the package calls rootline', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')
  const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: { rootline: string } }
  expect(dockerfile).toContain(`ENTRYPOINT ["node", "${bin.rootline}"]`)
})
