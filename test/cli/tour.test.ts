import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { rootline } from './process.ts'

it('the tour shows the life of a DID with its trust report, and leaves nothing behind', async () => {
  const TMPDIR = tempFolder()
  const { status, stdout, stderr } = await rootline(['tour'], { env: { TMPDIR } })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  for (const text of [
    'A node starts',
    'NOT_PUBLISHED',
    'An update',
    'A recovery',
    'Older versions',
    '✓ Verified.',
  ]) {
    expect(stdout).toContain(text)
  }
  expect(stdout).toMatch(
    /create {6}transaction 0\n.*update {6}transaction 2\n.*recover {5}transaction 4\n.*deactivate {2}transaction 6/,
  )
  expect(stdout).toContain('Every step did what it says')
  expect(readdirSync(TMPDIR)).toEqual([])
})

it('the tour as JSON is one object on stdout', async () => {
  const { status, stdout, stderr } = await rootline(['tour', '--json'], { env: { TMPDIR: tempFolder() } })
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ report: { verdict: 'verified' } })
  expect(stderr).toContain('1. A node starts')
})

it('the tour takes no setting from the environment', async () => {
  const env = { TMPDIR: tempFolder(), ROOTLINE_LISTEN: '192.0.2.1:1', ROOTLINE_METHOD: 'other' }
  expect((await rootline(['tour'], { env })).status).toBe(0)
})
