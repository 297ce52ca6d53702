import type { Needs, Verdict } from './types.ts'

/** Needs nested deeper than this are refused. */
export const MAX_NEEDS_DEPTH = 16

/**
 * Ids of the edges that needs name, in order, each once. `optional`: those that stand below an `any` only.
 * @throws TypeError nested more than {@link MAX_NEEDS_DEPTH} deep
 */
export function neededEdges(needs: Needs): { ids: string[]; optional: Set<string> } {
  const below = new Map<string, 'all' | 'any'>()
  collect(needs, 1, 'all', below)
  const ids = [...below.keys()]
  return { ids, optional: new Set(ids.filter(id => below.get(id) === 'any')) }
}

function collect(needs: Needs, depth: number, group: 'all' | 'any', below: Map<string, 'all' | 'any'>): void {
  if (depth > MAX_NEEDS_DEPTH) throw new TypeError(`needs are nested more than ${MAX_NEEDS_DEPTH} deep`)
  if ('edge' in needs) {
    if (group === 'all' || !below.has(needs.edge)) below.set(needs.edge, group)
    return
  }
  if ('all' in needs) for (const part of needs.all) collect(part, depth + 1, group, below)
  else for (const part of needs.any) collect(part, depth + 1, 'any', below)
}

/** `all`: false if one is false, else unknown if one is unknown. Nothing at all is unknown, never true. */
export function allOf(values: readonly Verdict[]): Verdict {
  if (values.includes('rejected')) return 'rejected'
  return values.length === 0 || values.includes('undecided') ? 'undecided' : 'verified'
}

/** `any`: true if one is true, else unknown if one is unknown, else false. Nothing at all is unknown. */
export function anyOf(values: readonly Verdict[]): Verdict {
  if (values.includes('verified')) return 'verified'
  return values.length === 0 || values.includes('undecided') ? 'undecided' : 'rejected'
}

/** The value of needs whose depth {@link neededEdges} has bounded. */
export function truthOfNeeds(needs: Needs, edge: (id: string) => Verdict): Verdict {
  if ('edge' in needs) return edge(needs.edge)
  return 'all' in needs
    ? allOf(needs.all.map(part => truthOfNeeds(part, edge)))
    : anyOf(needs.any.map(part => truthOfNeeds(part, edge)))
}

/**
 * The edges that make needs what they are: for false, the false ones that matter; for unknown, the unknown ones
 * that matter. Empty for true, and for a group of nothing.
 */
export function decisiveEdges(needs: Needs, edge: (id: string) => Verdict): string[] {
  const out = new Set<string>()
  decide(needs, truthOfNeeds(needs, edge), edge, out)
  return [...out]
}

function decide(needs: Needs, value: Verdict, edge: (id: string) => Verdict, out: Set<string>): void {
  if (value === 'verified') return
  if ('edge' in needs) {
    out.add(needs.edge)
    return
  }
  for (const part of 'all' in needs ? needs.all : needs.any) {
    if (truthOfNeeds(part, edge) === value) decide(part, value, edge, out)
  }
}
