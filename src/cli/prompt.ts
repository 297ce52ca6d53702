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
  // In this order, so that nothing which is typed in answer is shown by the terminal itself.
  input.setRawMode?.(true)
  output.write(question)
  const show = (line: string) => {
    if (echo) output.write(`\r\u001b[K${question}${line}`)
  }
  try {
    return await readLine(input, show)
  } finally {
    input.setRawMode?.(false)
    input.pause()
    output.write('\n')
  }
}

function readLine(input: KeyInput, show: (line: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const line: string[] = []
    const done = (settle: () => void) => {
      input.off('data', onData)
      input.off('end', onEnd)
      settle()
    }
    const onEnd = () => done(() => reject(new CliError('INTERRUPTED', 'nothing was entered')))
    const onData = (data: Buffer | string) => {
      for (const character of data.toString()) {
        if (ENTER.has(character)) return done(() => resolve(line.join('')))
        if (character === CTRL_C || (character === CTRL_D && line.length === 0)) return onEnd()
        if (BACKSPACE.has(character)) line.pop()
        else if (character >= ' ') line.push(character)
        show(line.join(''))
      }
    }
    input.on('data', onData)
    input.on('end', onEnd)
    input.resume()
  })
}
