import type { ReportEdge } from './types.ts'

/** An edge in its place in the tree. */
export interface Place {
  edge: ReportEdge
  depth: number
  /** What its target stands on was written before, in this tree. */
  above: boolean
  /** It was written with all below it in an earlier tree, and stands here for that. */
  shown: boolean
}

/** Edges that are left out, as they are like their neighbours. */
export interface Gap {
  depth: number
  /** One of them. */
  like: ReportEdge
  /** How many stand side by side, and how many edges stand below them. */
  count: number
  below: number
}

/** Longest row of like edges that is written in full, and what is left of a longer one at each end. */
const ROW = { longest: 12, ends: 2 } as const

/**
 * The edges in the order of a walk from `start` towards the roots, each once; then those that the walk does not
 * reach, from where they begin. What is in `shown` is named where the walk meets it, and nothing below it. Without
 * recursion, as paths can be long.
 */
export function placesOf(
  edges: readonly ReportEdge[],
  start: string | undefined,
  shown: ReadonlySet<string>,
): Place[] {
  const from = Map.groupBy(edges, edge => edge.from)
  const places: Place[] = []
  const expanded = new Set<string>()
  const expand = (node: string, depth: number, all: boolean): Place[] => {
    if (expanded.has(node)) return []
    const next = (from.get(node) ?? []).filter(edge => all || !shown.has(edge.id))
    if (next.length > 0) expanded.add(node)
    return next.map(edge => ({ edge, depth, above: false, shown: shown.has(edge.id) })).reverse()
  }
  const walk = (node: string, all: boolean): void => {
    const stack = expand(node, 0, all)
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      places.push({ ...next, above: !next.shown && expanded.has(next.edge.to) })
      if (!next.shown) stack.push(...expand(next.edge.to, next.depth + 1, true))
    }
  }
  if (start !== undefined) walk(start, true)
  const targets = new Set(edges.map(edge => edge.to))
  for (const { from: node } of edges) if (!targets.has(node)) walk(node, false)
  for (const { from: node } of edges) walk(node, false)
  return places
}

/**
 * Leaves the middle of long rows out: edges side by side with one code and one result, below which all is good. What
 * is not good stays, unless it is a row of edges with nothing below them.
 */
export function shortenRows(
  places: readonly Place[],
  isGood: (edge: ReportEdge) => boolean,
): (Place | Gap)[] {
  const ends = endsOf(places)
  const goodBefore = [0]
  for (const { edge } of places) goodBefore.push((goodBefore.at(-1) ?? 0) + Number(isGood(edge)))
  const likeness = (i: number): string => {
    const place = places[i]
    const end = ends[i] ?? i
    const good = (goodBefore[end] ?? 0) - (goodBefore[i] ?? 0) === end - i
    const uniform = good || (end === i + 1 && place?.edge.result !== 'fail')
    return uniform
      ? `${place?.depth} ${place?.edge.code} ${place?.edge.result} ${place?.shown}`
      : `alone ${i}`
  }
  const gaps = new Map<number, Gap & { end: number }>()
  const seen = new Set<number>()
  for (let i = 0; i < places.length; i++) {
    if (seen.has(i)) continue
    const row = [i]
    for (let j = ends[i] ?? i; j < places.length && likeness(j) === likeness(i); j = ends[j] ?? j) row.push(j)
    for (const j of row) seen.add(j)
    const [first, end] = [row[ROW.ends], row.at(-ROW.ends)]
    const like = places[i]
    if (row.length <= ROW.longest || first === undefined || end === undefined || like === undefined) continue
    const count = row.length - 2 * ROW.ends
    gaps.set(first, { depth: like.depth, like: like.edge, count, below: end - first - count, end })
  }
  return withGaps(places, gaps)
}

function withGaps(
  places: readonly Place[],
  gaps: ReadonlyMap<number, Gap & { end: number }>,
): (Place | Gap)[] {
  const out: (Place | Gap)[] = []
  for (let i = 0; i < places.length; ) {
    const gap = gaps.get(i)
    const place = places[i]
    if (gap !== undefined) out.push(gap)
    else if (place !== undefined) out.push(place)
    i = gap?.end ?? i + 1
  }
  return out
}

/** For each place, the first after it and all that stands below it. */
function endsOf(places: readonly Place[]): number[] {
  const ends = new Array<number>(places.length).fill(places.length)
  const open: number[] = []
  for (const [i, { depth }] of places.entries()) {
    for (let top = open.at(-1); top !== undefined && (places[top]?.depth ?? 0) >= depth; top = open.at(-1)) {
      ends[top] = i
      open.pop()
    }
    open.push(i)
  }
  return ends
}
