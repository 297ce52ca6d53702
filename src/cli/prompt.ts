import type { Readable, Writable } from 'node:stream'
import { CliError } from './errors.ts'

/** A terminal that keys can be read from. */
export interface KeyInput extends Readable {
  isTTY?: boolean
  setRawMode?(mode: boolean): unknown
}

const ENTER = new Set(['\r', '\n'])
const BACKSPACE = new Set(['\u007f', '\b'])
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'

/**
 * Asks for a line on a terminal.
 * @param options.echo false shows nothing of what is typed
 * @throws CliError INTERRUPTED
 */
export async function ask(
  question: string,
  { input, output, echo }: { input: KeyInput; output: Writable; echo: boolean },
): Promise<string> {
  output.write(question)
  input.setRawMode?.(true)
  input.resume()
  let line: string[] = []
  try {
    for (;;) {
      for (const character of await nextText(input)) {
        if (ENTER.has(character)) return line.join('')
        if (character === CTRL_C || (character === CTRL_D && line.length === 0)) {
          throw new CliError('INTERRUPTED', 'nothing was entered')
        }
        if (BACKSPACE.has(character)) line = line.slice(0, -1)
        else if (character >= ' ') line.push(character)
        if (echo) output.write(`\r\u001b[K${question}${line.join('')}`)
      }
    }
  } finally {
    input.setRawMode?.(false)
    input.pause()
    output.write('\n')
  }
}

function nextText(input: KeyInput): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      input.off('data', onData)
      input.off('end', onEnd)
      settle()
    }
    const onData = (data: Buffer | string) => done(() => resolve(data.toString()))
    const onEnd = () => done(() => reject(new CliError('INTERRUPTED', 'nothing was entered')))
    input.on('data', onData)
    input.on('end', onEnd)
  })
}
