import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('./hostile-content.ts', import.meta.url))
/** Heap of the program that reads the files, in megabytes: most of it holds the chain and the files themselves. */
const HEAP = 320

it('files that are bombs are read with little memory, and hold nothing else up', async () => {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP}`, PROGRAM])
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const status = await new Promise(resolve => child.on('close', resolve))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const report = JSON.parse(stdout)
  console.log(
    `hostile content: ${report.transactions} transactions, ${report.megabytes} MB of memory at the most`,
  )
  expect(report).toMatchObject({ transactions: 22, services: 1 })
  const problems = [
    'DELTA_INVALID',
    'FILE_EXPANDS_TOO_FAR',
    'FILE_NOT_JSON',
    'FILE_TOO_DEEP',
    'FILE_UNUSABLE',
  ]
  expect(report.problems).toEqual(problems)
})
