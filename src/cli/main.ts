#!/usr/bin/env node
import { run } from './program.ts'

// Whoever reads the output may have seen enough: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const { stdin, stdout, stderr, env, platform } = process
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, platform, exitStatus: 0 })
