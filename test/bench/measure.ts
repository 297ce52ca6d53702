import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'

/** One line of the result: what, how many a second, and the ratio to what it is held against. */
export interface Figure {
  name: string
  perSecond: number
  /** What it is compared with, from the same run. */
  against?: { name: string; perSecond: number; atLeast: number }
  note?: string
}

/** Runs `work` once and gives how many of its `count` things were done a second. */
export async function rate(count: number, work: () => Promise<unknown> | unknown): Promise<number> {
  const start = process.hrtime.bigint()
  await work()
  return count / (Number(process.hrtime.bigint() - start) / 1e9)
}

/** Middle value of several runs. */
export async function medianRate(
  runs: number,
  count: number,
  work: () => Promise<unknown> | unknown,
): Promise<number> {
  const rates: number[] = []
  for (let i = 0; i < runs; i++) rates.push(await rate(count, work))
  return rates.toSorted((a, b) => a - b)[Math.floor(runs / 2)] as number
}

/** Prints figures: absolute rates of this machine, and the ratios that count. */
export function printFigures(title: string, figures: Figure[]): void {
  console.log(`\n${title}`)
  for (const { name, perSecond, against, note } of figures) {
    console.log(
      `  ${name.padEnd(58)} ${format(perSecond).padStart(10)}/s${note === undefined ? '' : `  ${note}`}`,
    )
    if (against === undefined) continue
    const ratio = perSecond / against.perSecond
    const mark = ratio >= against.atLeast ? 'reached' : 'NOT REACHED'
    console.log(`    ${ratio.toFixed(2)} x ${against.name} (aim ${against.atLeast}: ${mark})`)
  }
}

/** Says what the figures were taken on. */
export function printMachine(): void {
  const [cpu] = cpus()
  console.log(
    `${availableParallelism()} cores, ${cpu?.model ?? 'unknown processor'}, Node ${process.version}`,
  )
}

/** Resident memory of this process, in bytes. */
export interface Memory {
  /** Its own: heap, buffers, stacks. Where the system does not tell, all of it. */
  own: number
  /** Pages of files that are mapped, as of a database: the system takes them back when it needs them. */
  mapped: number
}

/** Resident memory, after a collection where one can be asked for. */
export function residentMemory(): Memory {
  globalThis.gc?.()
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'latin1') : ''
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  const own = kibibytes('RssAnon') * 1024
  return Number.isNaN(own)
    ? { own: process.memoryUsage().rss, mapped: 0 }
    : { own, mapped: kibibytes('RssFile') * 1024 }
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}
