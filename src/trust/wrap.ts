/** Narrower than this, text is wrapped as if it were this wide. */
export const MIN_WIDTH = 32

const HEAD = 10
const TAIL = 6

/** Control, format and separator characters could rewrite a terminal or hide text: they are shown, not sent. */
export function printable(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/** Shortens digests, CIDs and other runs of 32 characters and more to their first ten and last six. */
export function shortened(text: string): string {
  return text.replace(/[A-Za-z0-9_-]{32,}/g, run => `${run.slice(0, HEAD)}…${run.slice(-TAIL)}`)
}

/**
 * Lines of at most `width` characters (code points, each taken as one column wide): broken at spaces, and within a
 * word only where it is wider than a line. `first` begins the first line, `rest` the others.
 */
export function wrap(text: string, width: number, first: string, rest: string): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  const flush = (): void => {
    lines.push(line)
    line = rest
    empty = true
  }
  for (const word of text.split(' ').filter(part => part !== '')) {
    let left = [...word]
    while (left.length > 0) {
      const room = width - columns(line) - (empty ? 0 : 1)
      if (left.length > room && !empty) {
        flush()
        continue
      }
      const part = left.slice(0, Math.max(room, 1))
      line += (empty ? '' : ' ') + part.join('')
      empty = false
      left = left.slice(part.length)
    }
  }
  flush()
  return lines
}

function columns(text: string): number {
  return [...text].length
}
