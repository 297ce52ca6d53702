import { basesOf, checkInfo, isCheckCode } from './codes.ts'
import { evaluate } from './evaluate.ts'
import { MAX_NEEDS_DEPTH, neededEdges } from './needs.ts'
import { DEFAULT_POLICY, isFingerprint, type Policy } from './policy.ts'
import { summarize } from './summary.ts'
import { NODE_KINDS, PINNED_BY, PURPOSES, RESULTS, ROOT_KINDS } from './terms.ts'
import type {
  Basis,
  CheckCode,
  Claim,
  Needs,
  ReportEdge,
  ReportNode,
  Result,
  Root,
  TrustReport,
} from './types.ts'

/** A check as the verification tells it; its code fixes the relation, the specification and the purpose. */
export interface EdgeInput {
  /** Default: `<from> <code> <to>`. */
  id?: string
  from: string
  to: string
  code: CheckCode
  result: Result
  /** One plain sentence, with the values that matter. */
  detail: string
  /** Default: the first that the code allows, which is `computed` for most. */
  basis?: Basis
  /** The root whose word it is. Default: `to`, where that is a root. */
  root?: string
}

/** Needs as they are written down: the id of an edge stands for `{ edge: id }`. */
export type NeedsInput =
  | string
  | { edge: string }
  | { all: readonly NeedsInput[] }
  | { any: readonly NeedsInput[] }

export interface ClaimInput extends Pick<Claim, 'id' | 'statement' | 'node'> {
  /** Whether it decides the verdict where the policy does not say. Default true. */
  required?: boolean
  needs: NeedsInput
}

/**
 * What every verification writes to. Names are given first, then what refers to them; each method returns the id
 * that it was given or made. Saying the same thing twice is harmless. A TypeError stops what would make a false
 * report: an unknown node, root or edge, one id for two things, a sentence left empty, a word of someone else's
 * without the root that it makes, a result that the code cannot have.
 *
 * Six edges carry an applied update:
 *
 * ```ts
 * const report = new ReportBuilder({ now })
 * const log = report.root(ledgerRoot)
 * const checkpoint = report.node({ id: 'checkpoint', kind: 'checkpoint', label: 'checkpoint of size 12' })
 * // ... nodes for did, create, core, anchor, leaf; then for each operation:
 * const update = report.node({ id: 'operation-2', kind: 'operation', label: 'update in transaction 7' })
 * const key = report.node({ id: 'key-2', kind: 'key', label: 'update key that was revealed' })
 * const chunk = report.node({ id: 'chunk-2', kind: 'file', label: 'chunk file', digest: cid })
 * const index = report.node({ id: 'index-2', kind: 'file', label: 'provisional index file', digest: cid2 })
 * const needs = [
 *   report.edge({ from: did, to: update, code: 'PATCHES_APPLIED', result: 'pass', detail: '2 patches applied' }),
 *   report.edge({ from: update, to: key, code: 'OPERATION_SIGNATURE', result: 'pass', detail: 'ES256K' }),
 *   report.edge({ from: key, to: create, code: 'REVEAL_COMMITMENT', result: 'pass', detail: '...' }),
 *   report.edge({ from: update, to: chunk, code: 'DELTA_HASH', result: 'pass', detail: '...' }),
 *   report.edge({ from: chunk, to: index, code: 'FILE_CID', result: 'pass', detail: '...' }),
 *   report.edge({ from: index, to: core, code: 'FILE_CID', result: 'pass', detail: '...' }),
 * ]
 * needs.push(report.edge({ from: checkpoint, to: log, code: 'CHECKPOINT_SIGNATURE', result: 'pass', detail }))
 * report.claim({ id: 'state', statement: 'This is the document.', node: did, needs: { all: needs } })
 * return report.build(policy)
 * ```
 */
export class ReportBuilder {
  readonly #at: string
  readonly #asOf: string | undefined
  readonly #nodes = new Map<string, ReportNode>()
  readonly #edges = new Map<string, ReportEdge>()
  readonly #roots = new Map<string, Root>()
  readonly #claims = new Map<string, Omit<Claim, 'verdict'>>()
  readonly #notShown = new Set<string>()

  /** `now`: when the checks are made. `asOf`: the time that the caller asked about, if not now. */
  constructor(options: { now: Date; asOf?: Date }) {
    this.#at = timestamp(options.now)
    this.#asOf = options.asOf === undefined ? undefined : timestamp(options.asOf)
  }

  /** @throws TypeError */
  node(input: ReportNode): string {
    if (input.kind === 'root') throw new TypeError(`the node ${input.id} is a root: add it with root()`)
    return this.#addNode(input)
  }

  /** Adds a root, and the node in which paths can end. @throws TypeError */
  root(input: Root): string {
    const root: Root = {
      id: identifier(input.id),
      kind: oneOf(input.kind, ROOT_KINDS, 'kind of a root'),
      name: text(input.name, 'name of a root'),
      ...(input.fingerprint === undefined ? {} : { fingerprint: fingerprint(input.fingerprint) }),
      pinnedBy: oneOf(input.pinnedBy, PINNED_BY, 'pinnedBy'),
      trustedFor: input.trustedFor.map(purpose => oneOf(purpose, PURPOSE_NAMES, 'purpose')),
      ifItLies: text(input.ifItLies, 'ifItLies'),
    }
    add(this.#roots, root, 'root')
    const digest = root.fingerprint === undefined ? {} : { digest: root.fingerprint }
    return this.#addNode({ id: root.id, kind: 'root', label: root.name, ...digest })
  }

  /** @throws TypeError */
  edge(input: EdgeInput): string {
    if (!isCheckCode(input.code)) throw new TypeError(`no check code ${String(input.code)}`)
    this.#known(this.#nodes, input.from, 'node')
    this.#known(this.#nodes, input.to, 'node')
    if (this.#roots.has(input.from)) throw new TypeError(`the root ${input.from} stands on nothing else`)
    const info = checkInfo(input.code)
    const basis = input.basis ?? basesOf(input.code)[0] ?? 'computed'
    const edge: ReportEdge = {
      id: input.id === undefined ? `${input.from} ${input.code} ${input.to}` : identifier(input.id),
      from: input.from,
      to: input.to,
      relation: info.relation,
      basis: oneOf(basis, basesOf(input.code), `basis of ${input.code}`),
      result: oneOf(input.result, RESULTS, 'result'),
      code: input.code,
      spec: info.spec,
      detail: text(input.detail, `detail of ${input.code}`),
      at: this.#at,
      ...this.#rootOf(input, basis),
    }
    refuseOverclaim(edge)
    return add(this.#edges, edge, 'edge')
  }

  /** @throws TypeError */
  claim(input: ClaimInput): string {
    this.#known(this.#nodes, input.node, 'node')
    const needs = readNeeds(input.needs, 1)
    const edges = neededEdges(needs).ids.map(id => this.#known(this.#edges, id, 'edge'))
    if (!edges.some(edge => edge.from === input.node)) {
      throw new TypeError(`no check that the claim ${input.id} needs begins at its node ${input.node}`)
    }
    const claim: Omit<Claim, 'verdict'> = {
      id: identifier(input.id),
      statement: text(input.statement, 'statement of a claim'),
      node: input.node,
      required: input.required ?? true,
      needs,
    }
    return add(this.#claims, claim, 'claim')
  }

  /** Says what the report does not show, in a plain sentence. @throws TypeError */
  notShown(sentence: string): void {
    this.#notShown.add(text(sentence, 'what is not shown'))
  }

  /**
   * Evaluates what was written under the verifier's policy, and makes the report.
   * @throws TypeError a rule of the policy is bad
   */
  build(policy: Policy = DEFAULT_POLICY): TrustReport {
    const nodes = [...this.#nodes.values()]
    const roots = [...this.#roots.values()]
    const claims = [...this.#claims.values()]
    const evaluation = evaluate({ claims, nodes, edges: [...this.#edges.values()], roots }, policy)
    const edges = [...this.#edges.values()].map(edge =>
      edge.root === undefined ? edge : { ...edge, accepted: evaluation.accepted.has(edge.id) },
    )
    const byId = new Map(evaluation.claims.map(claim => [claim.id, claim]))
    const judged = claims.map(claim => {
      const { required, verdict, causes } = byId.get(claim.id) ?? UNJUDGED
      const [cause] = causes
      return { ...claim, required, verdict, ...(cause === undefined ? {} : { cause }) }
    })
    const asOf = this.#asOf === undefined ? {} : { asOf: this.#asOf }
    const body = { at: this.#at, ...asOf, claims: judged, nodes, edges, roots, notShown: [...this.#notShown] }
    const [cause] = evaluation.causes
    const { verdict } = evaluation
    const head = { version: 1 as const, verdict, summary: summarize(body, evaluation) }
    return structuredClone({ ...head, ...(cause === undefined ? {} : { cause }), ...body })
  }

  #addNode(input: ReportNode): string {
    const node: ReportNode = {
      id: identifier(input.id),
      kind: oneOf(input.kind, NODE_KINDS, 'kind of a node'),
      label: text(input.label, 'label of a node'),
      ...(input.digest === undefined ? {} : { digest: text(input.digest, 'digest') }),
      ...(input.source === undefined ? {} : { source: text(input.source, 'source') }),
    }
    return add(this.#nodes, node, 'node')
  }

  #rootOf(input: EdgeInput, basis: Basis): Pick<ReportEdge, 'root' | 'purpose'> {
    const root = input.root ?? (this.#roots.has(input.to) ? input.to : undefined)
    if (root === undefined) {
      if (basis === 'computed') return {}
      throw new TypeError(`${input.code} is ${basis}: name the root whose word it is`)
    }
    this.#known(this.#roots, root, 'root')
    if (basis === 'computed' && root !== input.to) {
      throw new TypeError(`${input.code} is computed: it names a root only where it ends in it`)
    }
    const { purpose } = checkInfo(input.code)
    if (purpose === undefined) throw new TypeError(`${input.code} cannot rest on a root`)
    return { root, purpose }
  }

  #known<T>(map: ReadonlyMap<string, T>, id: string, what: string): T {
    const found = map.get(id)
    if (found === undefined) throw new TypeError(`no ${what} ${String(id)} in the report`)
    return found
  }
}

const PURPOSE_NAMES = Object.keys(PURPOSES) as (keyof typeof PURPOSES)[]
const UNJUDGED = { required: true, verdict: 'undecided' as const, causes: [] }

/** Refuses a result that says more than a check of this kind can show. */
function refuseOverclaim({ code, result, basis }: ReportEdge): void {
  if (checkInfo(code).never?.includes(result)) throw new TypeError(`${code} cannot be ${result}`)
  if (result === 'fail' && basis !== 'computed') {
    throw new TypeError(`${code} is ${basis}: what was not computed here is never false, only undecided`)
  }
}

/** Adds, or finds the same there. @throws TypeError the id stands for something else */
function add<T extends { id: string }>(map: Map<string, T>, value: T, what: string): string {
  const there = map.get(value.id)
  if (there === undefined) map.set(value.id, value)
  else if (JSON.stringify(there) !== JSON.stringify(value)) {
    throw new TypeError(`two ${what}s have the id ${value.id}`)
  }
  return value.id
}

function readNeeds(input: NeedsInput, depth: number): Needs {
  if (depth > MAX_NEEDS_DEPTH) throw new TypeError(`needs are nested more than ${MAX_NEEDS_DEPTH} deep`)
  if (typeof input === 'string') return { edge: input }
  if ('edge' in input) return { edge: input.edge }
  const parts = 'all' in input ? input.all : input.any
  if (parts.length === 0) throw new TypeError('a group of needs is empty: it would hold whatever was checked')
  const read = parts.map(part => readNeeds(part, depth + 1))
  return 'all' in input ? { all: read } : { any: read }
}

function identifier(id: unknown): string {
  if (typeof id !== 'string' || !/^[^\s\p{C}]+$/u.test(id)) {
    throw new TypeError(`an id has no white space and no control characters: ${JSON.stringify(id)}`)
  }
  return id
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw new TypeError(`the ${what} is empty`)
  return value.toWellFormed()
}

function fingerprint(value: unknown): string {
  if (isFingerprint(value)) return value
  throw new TypeError('a fingerprint is sha256: and 64 lower-case hexadecimal digits')
}

function oneOf<T extends string>(value: unknown, list: readonly T[], what: string): T {
  const found = list.find(item => item === value)
  if (found === undefined) throw new TypeError(`${what}: ${String(value)} is none of ${list.join(', ')}`)
  return found
}

function timestamp(date: unknown): string {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) throw new TypeError('a time is a valid Date')
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}
