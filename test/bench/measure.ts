import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'

/** A rate of the same run that another is held against. */
export interface Peer {
  name: string
  perSecond: number
  /** The ratio that is aimed at, where there is an aim. */
  atLeast?: number
}

/** One line of the result: what, how many a second, and the ratios to what it is held against. */
export interface Figure {
  name: string
  perSecond: number
  against?: Peer | Peer[]
  note?: string
}

/** Runs `work` once and gives how many of its `count` things were done a second. */
export async function rate(count: number, work: () => Promise<unknown> | unknown): Promise<number> {
  const start = process.hrtime.bigint()
  await work()
  return count / (Number(process.hrtime.bigint() - start) / 1e9)
}

/**
 * Median rate of each kind of work. They take turns, so that what else the machine does meets all of them alike.
 * @param works each does its work once and gives its rate
 */
export async function medianRates(rounds: number, works: (() => Promise<number>)[]): Promise<number[]> {
  const rates = works.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, work] of works.entries()) rates[i]?.push(await work())
  }
  return rates.map(median)
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

/** Prints figures: absolute rates of this machine, and the ratios that count. */
export function printFigures(title: string, figures: Figure[]): void {
  console.log(`\n${title}`)
  for (const { name, perSecond, against = [], note } of figures) {
    console.log(
      `  ${name.padEnd(62)} ${format(perSecond).padStart(10)}/s${note === undefined ? '' : `  ${note}`}`,
    )
    for (const peer of [against].flat()) {
      const ratio = perSecond / peer.perSecond
      console.log(`    ${formatRatio(ratio)} x ${peer.name}${verdict(ratio, peer.atLeast)}`)
    }
  }
}

function verdict(ratio: number, atLeast: number | undefined): string {
  if (atLeast === undefined) return ''
  return ` (aim ${atLeast}: ${ratio >= atLeast ? 'reached' : 'NOT REACHED'})`
}

/** Says what the figures were taken on, and what else it was doing then. */
export function printMachine(): void {
  const [cpu] = cpus()
  const [load = 0] = loadavg()
  console.log(
    `${availableParallelism()} cores, ${cpu?.model ?? 'unknown processor'}, Node ${process.version}, ` +
      `load before the start ${load.toFixed(1)}`,
  )
}

/** Resident memory of this process, in bytes. */
export interface Memory {
  /** Its own: heap, buffers, stacks. Where the system does not tell, all of it. */
  own: number
  /** Pages of files that are mapped, as of a database: the system takes them back when it needs them. */
  mapped: number
}

export function residentMemory(): Memory {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'latin1') : ''
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  const own = bytes('RssAnon')
  return Number.isNaN(own) ? { own: process.memoryUsage().rss, mapped: 0 } : { own, mapped: bytes('RssFile') }
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}

function formatRatio(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)
}
