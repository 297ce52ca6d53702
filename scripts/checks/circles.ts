import type { Finding, SourceFile } from './source.ts'

type Edges = Map<string, { target: string; line: number }[]>

/** Finds circles of imports: those that exist when the program runs, then those that types alone close. */
export function checkCircles(sources: readonly SourceFile[]): Finding[] {
  const running = edgesOf(sources, false)
  const all = edgesOf(sources, true)
  const circles = findCircles(running)
  const known = new Set(circles.map(keyOf))
  const byType = findCircles(all).filter(circle => !known.has(keyOf(circle)))
  return [
    ...circles.map(circle => describe(circle, running, 'circle')),
    ...byType.map(circle => describe(circle, all, 'type-circle')),
  ]
}

function edgesOf(sources: readonly SourceFile[], withTypes: boolean): Edges {
  const edges: Edges = new Map()
  for (const { path, imports } of sources) {
    const used = imports.filter(item => withTypes || !item.typeOnly)
    edges.set(
      path,
      used.flatMap(({ target, line }) => (target === undefined ? [] : [{ target, line }])),
    )
  }
  return edges
}

function keyOf(circle: string[]): string {
  return circle.toSorted().join(' ')
}

function describe(circle: string[], edges: Edges, rule: string): Finding {
  const [file = '', next = file] = circle
  const line = edges.get(file)?.find(edge => edge.target === next)?.line ?? 1
  return { file, line, rule, message: `imports in a circle: ${[...circle, file].join(' -> ')}` }
}

/** One circle for each edge that leads back to the path being walked; depth-first, without recursion. */
function findCircles(edges: Edges): string[][] {
  const circles: string[][] = []
  const done = new Set<string>()
  for (const start of edges.keys()) {
    if (done.has(start)) continue
    const path: string[] = []
    const stack = [{ file: start, next: 0 }]
    while (stack.length > 0) {
      const top = stack[stack.length - 1]
      if (top === undefined) break
      if (top.next === 0) path.push(top.file)
      const edge = edges.get(top.file)?.[top.next++]
      if (edge === undefined) {
        done.add(top.file)
        path.pop()
        stack.pop()
      } else if (path.includes(edge.target)) {
        circles.push(path.slice(path.indexOf(edge.target)))
      } else if (!done.has(edge.target) && edges.has(edge.target)) {
        stack.push({ file: edge.target, next: 0 })
      }
    }
  }
  return circles
}
