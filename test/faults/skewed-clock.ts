import { readFileSync } from 'node:fs'

/**
 * Loaded into a process before all else, so that a test can set its clock while it runs: the file that CLOCK_FILE names
 * says how many milliseconds that is ahead of the machine's.
 */
const file = process.env['CLOCK_FILE'] ?? ''
const now = Date.now
Date.now = () => now() + Number(readFileSync(file, 'utf8'))
