import { printable } from '../trust/wrap.ts'

/** An output stream, with what it says of itself where it is a terminal. */
export interface OutputStream {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
}

export interface TerminalOptions {
  stdout: OutputStream
  stderr: OutputStream
  /** True prints results as JSON. */
  json: boolean
  /** False never colours; else colour goes to a terminal only. */
  colour: boolean
}

/** Narrower and wider lines than these are not written. */
const WIDTH = { least: 60, most: 120, unknown: 100 }

/** Where a command writes: results to stdout, everything else to stderr. */
export class Terminal {
  readonly json: boolean
  /** True where results may be coloured. */
  readonly colour: boolean
  readonly width: number
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream
  #line = ''

  constructor({ stdout, stderr, json, colour }: TerminalOptions) {
    this.json = json
    this.colour = colour && stdout.isTTY === true
    this.width = Math.min(Math.max(stdout.columns ?? WIDTH.unknown, WIDTH.least), WIDTH.most)
    this.#stdout = stdout
    this.#stderr = stderr
  }

  /**
   * Writes the result: as JSON, or as text.
   * @param text lines that hold no foreign control characters
   */
  result(value: unknown, text: () => string): void {
    this.#endProgress()
    const written = this.json ? safeJson(value) : text()
    this.#stdout.write(written.endsWith('\n') ? written : `${written}\n`)
  }

  /** Writes a message beside the result. */
  note(text: string): void {
    this.#endProgress()
    this.#stderr.write(`${printable(text)}\n`)
  }

  /** Tells how far something has come: one line that changes on a terminal, else a line for each change. */
  progress(text: string): void {
    const line = printable(text)
    if (line === this.#line) return
    if (this.#stderr.isTTY === true) this.#stderr.write(`\r\u001b[K${line}`)
    else this.#stderr.write(`${line}\n`)
    this.#line = line
  }

  #endProgress(): void {
    if (this.#line !== '' && this.#stderr.isTTY === true) this.#stderr.write('\n')
    this.#line = ''
  }
}

/** Text of several lines from elsewhere, made harmless for a terminal. */
export function safeText(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** Indented JSON that no character of can move a terminal's cursor or hide text: such ones are escaped. */
export function safeJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2)
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => {
    if (character === '\n') return character
    return [...Array(character.length).keys()]
      .map(i => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join('')
  })
}

/** Columns of text, each as wide as its widest cell; the last is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const safe = rows.map(row => row.map(printable))
  const widths: number[] = []
  for (const row of safe)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return safe
    .map(row => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '))
    .map(line => line.trimEnd())
    .join('\n')
}
