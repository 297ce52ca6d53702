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

/** Resident memory in MiB, after a collection where one can be asked for. */
export function residentMiB(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage().rss / (1 << 20))
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}
