import { weightAsRecorded } from './evaluate.ts'
import { neededEdges } from './needs.ts'
import { PURPOSES } from './terms.ts'
import { type Gap, type Place, placesOf, shortenRows } from './text-tree.ts'
import type { Cause, Claim, ReportEdge, Root, TrustReport, Verdict } from './types.ts'
import { MIN_WIDTH, printable, shortened, wrap } from './wrap.ts'

/** How a report is written out. */
export interface TextOptions {
  /** Columns of a line. Default 80; at least 32. */
  width?: number
  /** True adds ANSI colours to glyphs and words, which say the same without them. Default false. */
  colour?: boolean
}

/** Indentation stops growing here: a DID with a thousand updates is a path of thousands of edges. */
const MAX_INDENT = 8

const GLYPHS = { good: '✓', bad: '✗', open: '◌', none: '–' } as const
const COLOURS = { good: 32, bad: 31, open: 33, none: 2 } as const
type Tone = keyof typeof GLYPHS

const TONE_OF_VERDICT: Record<Verdict, Tone> = { verified: 'good', rejected: 'bad', undecided: 'open' }

/**
 * The report as a tree in text: the sentence; each claim with its checks down to the roots; the checks that no
 * claim needs; the roots with what follows if they lie and the claims that fall without them; what is not shown.
 * A check is written out once, and named where another claim needs it too. Of long rows of like checks the ends are
 * written and the middle is counted; every root appears. Long digests are shortened. The JSON has all and whole.
 * Foreign control characters are shown as escapes. Ends with a line feed.
 */
export function renderText(report: TrustReport, options: TextOptions = {}): string {
  const out = new Writer(Math.max(options.width ?? 80, MIN_WIDTH), options.colour === true)
  out.item(0, TONE_OF_VERDICT[report.verdict], '', report.summary)
  const view = viewOf(report)
  for (const claim of report.claims) writeClaim(out, claim, view)
  writeOther(out, report, view)
  writeRoots(out, report)
  if (report.notShown.length > 0) out.heading('Not shown')
  for (const sentence of report.notShown) out.item(1, undefined, '-', sentence)
  return out.toString()
}

/** What the writers of sections look things up in. */
interface View {
  labels: ReadonlyMap<string, string>
  edges: ReadonlyMap<string, ReportEdge>
  roots: ReadonlyMap<string, Root>
  /** Ids of the edges that were written, or counted in a row. */
  shown: Set<string>
}

function viewOf(report: TrustReport): View {
  return {
    labels: new Map(report.nodes.map(node => [node.id, node.label])),
    edges: new Map(report.edges.map(edge => [edge.id, edge])),
    roots: new Map(report.roots.map(root => [root.id, root])),
    shown: new Set(),
  }
}

function writeClaim(out: Writer, claim: Claim, view: View): void {
  out.heading(`Claim ${claim.id}${claim.required ? '' : ' (not required)'}`)
  out.item(1, TONE_OF_VERDICT[claim.verdict], `${claim.verdict}:`, claim.statement)
  if (claim.cause !== undefined) out.item(2, undefined, 'because', because(claim.cause))
  const { ids, optional } = neededEdges(claim.needs)
  const needed = ids.flatMap(id => view.edges.get(id) ?? [])
  const places = placesOf(needed, claim.node, view.shown)
  writePlaces(out, view, places, 2, optional)
  const rest = needed.length - places.length
  if (rest > 0)
    out.item(2, undefined, '…', `and ${counted(rest)} that ${rest === 1 ? 'is' : 'are'} shown above`)
  for (const id of ids) view.shown.add(id)
}

function writePlaces(
  out: Writer,
  view: View,
  places: readonly Place[],
  depth: number,
  optional: ReadonlySet<string>,
): void {
  for (const item of shortenRows(places, edge => resultOf(edge).tone === 'good')) {
    const at = Math.min(item.depth + depth, MAX_INDENT - 1)
    if ('like' in item) writeGap(out, item, at)
    else writeEdge(out, view, item, at, optional.has(item.edge.id))
  }
}

function writeGap(out: Writer, { like, count, below }: Gap, depth: number): void {
  const { word } = resultOf(like)
  const more = below === 0 ? '' : `, with the ${counted(below)} below them`
  out.item(
    depth,
    undefined,
    '…',
    `${count} more ${like.code} like these (${word})${more}: the JSON lists them`,
  )
}

function counted(checks: number): string {
  return checks === 1 ? '1 check' : `${checks} checks`
}

function because(cause: Cause): string {
  return `${cause.detail.replace(/\.+$/, '')} [${cause.code}]`
}

function writeEdge(
  out: Writer,
  view: View,
  { edge, above, shown }: Place,
  depth: number,
  optional: boolean,
): void {
  const { tone, word } = resultOf(edge)
  const from = view.labels.get(edge.from) ?? edge.from
  const to = view.labels.get(edge.to) ?? edge.to
  const notes =
    (shown ? ' (shown above)' : above ? ' (see above)' : '') +
    (optional ? ' (one of several that would do)' : '')
  const statement = `${from} ${RELATION_WORDS[edge.relation]} ${to}${notes}`
  out.item(depth, tone, `${word} [${edge.basis}]`, `${edge.code}: ${statement}`)
  if (shown) return
  out.item(depth + 1, undefined, '', `${edge.detail} (${edge.spec})`)
  if (edge.root === undefined) return
  const root = view.roots.get(edge.root)
  const purpose = edge.purpose === undefined ? 'anything' : PURPOSES[edge.purpose]
  const accepted = edge.accepted === true ? 'accepted' : 'not accepted by the policy'
  out.item(depth + 1, undefined, '=>', `root ${root?.name ?? edge.root}, for this: ${purpose}; ${accepted}`)
}

/** A pass that rests on a root which the policy does not accept is no pass to the eye. */
function resultOf(edge: ReportEdge): { tone: Tone; word: string } {
  if (edge.result === 'fail') return { tone: edge.basis === 'computed' ? 'bad' : 'open', word: 'FAIL' }
  if (edge.result === 'pass' && edge.root !== undefined && edge.accepted !== true) {
    return { tone: 'open', word: 'pass, but root not accepted' }
  }
  if (edge.result === 'pass') return { tone: 'good', word: 'pass' }
  return edge.result === 'skipped' ? { tone: 'none', word: 'skipped' } : { tone: 'open', word: 'undecided' }
}

const RELATION_WORDS: Record<ReportEdge['relation'], string> = {
  signedBy: 'is signed by',
  controls: 'controls',
  derivedFrom: 'follows from',
  hashOf: 'is tied by hash to',
  anchoredIn: 'is anchored in',
  includedIn: 'is included in',
  consistent: 'is consistent with',
  witnessedBy: 'is witnessed by',
  certifiedBy: 'is certified by',
  measures: 'measures',
  boundTo: 'is bound to',
  listedIn: 'is listed in',
  freshAt: 'is fresh by',
  trustedAs: 'rests on the word of',
}

function writeOther(out: Writer, report: TrustReport, view: View): void {
  const needed = new Set(report.claims.flatMap(claim => neededEdges(claim.needs).ids))
  const other = report.edges.filter(edge => !needed.has(edge.id))
  if (other.length > 0) out.heading('Checks that no claim needs')
  writePlaces(out, view, placesOf(other, undefined, view.shown), 1, new Set())
}

function writeRoots(out: Writer, report: TrustReport): void {
  const counting = new Set<string>()
  for (const edge of report.edges) {
    if (edge.root !== undefined && edge.accepted === true && edge.result === 'pass') counting.add(edge.root)
  }
  const trusted = report.roots.filter(root => counting.has(root.id))
  const others = report.roots.filter(root => !counting.has(root.id))
  if (trusted.length > 0) out.heading('You still trust')
  for (const root of trusted) writeRoot(out, root, weightAsRecorded(root.id, report))
  if (others.length > 0) out.heading('Named, but nothing rests on them')
  for (const root of others) writeRoot(out, root, [])
}

function writeRoot(out: Writer, root: Root, falls: readonly string[]): void {
  out.item(1, undefined, '*', `${root.name} (${root.kind}, pinned by: ${root.pinnedBy})`)
  if (root.fingerprint !== undefined) out.item(2, undefined, '', `key ${root.fingerprint}`)
  out.item(2, undefined, '', `for this: ${root.trustedFor.map(purpose => PURPOSES[purpose]).join('; ')}`)
  out.item(2, undefined, '', `if it lies: ${root.ifItLies}`)
  if (falls.length > 0) out.item(2, undefined, '', `without it these claims fall: ${falls.join(', ')}`)
}

/** Collects lines; indents, wraps, colours, and makes foreign text harmless. */
class Writer {
  readonly #lines: string[] = []
  readonly #width: number
  readonly #colour: boolean

  constructor(width: number, colour: boolean) {
    this.#width = width
    this.#colour = colour
  }

  heading(title: string): void {
    this.#lines.push('', ...wrap(shortened(printable(title)), this.#width, '', '  '))
  }

  /** One paragraph that begins with a glyph (by tone) and a word, both of which take the colour. */
  item(depth: number, tone: Tone | undefined, word: string, text: string): void {
    const indent = '  '.repeat(Math.min(depth, MAX_INDENT))
    const mark = [tone === undefined ? '' : GLYPHS[tone], word].filter(part => part !== '').join(' ')
    const hanging = depth === 0 || mark === '' ? indent : `${indent}  `
    const marked = mark === '' ? text : `${mark} ${text}`
    const lines = wrap(shortened(printable(marked)), this.#width, indent, hanging)
    if (this.#colour && tone !== undefined)
      lines[0] = coloured(lines[0] ?? '', indent.length, mark.length, tone)
    this.#lines.push(...lines)
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }
}

function coloured(line: string, start: number, length: number, tone: Tone): string {
  const end = Math.min(start + length, line.length)
  return `${line.slice(0, start)}\u001b[${COLOURS[tone]}m${line.slice(start, end)}\u001b[0m${line.slice(end)}`
}
