import type { ProofCheck } from '../ledger/types.ts'
import type { FileRole } from '../sidetree/files/file.ts'
import type { CheckpointName } from './checkpoint-name.ts'
import type { FileEvidence, TransactionEvidence } from './evidence.ts'
import type { LedgerEvidence } from './ledger-evidence.ts'
import type { ReportWriter } from './report-writer.ts'

/** Which file names another. */
const PARENTS: { readonly [role in FileRole]?: FileRole } = {
  coreProof: 'coreIndex',
  provisionalIndex: 'coreIndex',
  provisionalProof: 'provisionalIndex',
  chunk: 'provisionalIndex',
}

/** Node of the tree that a follower has built from all entries of the log. */
const OWN_TREE = 'own-tree'

/** Writes the edges that lead from the files of transactions to the root of the ledger, each once. */
export class TransactionEdges {
  readonly #writer: ReportWriter
  readonly #proofs = new Map<string, string[]>()
  readonly #files = new Map<number, string[]>()
  readonly #times = new Map<string, ProofCheck>()

  constructor(writer: ReportWriter) {
    this.#writer = writer
  }

  /** Edges of the files, the anchor string and the proof of a transaction. */
  all(evidence: TransactionEvidence): string[] {
    const { number } = evidence.transaction
    let edges = this.#files.get(number)
    if (edges === undefined) {
      edges = evidence.files.flatMap(file => this.#file(number, file, evidence))
      this.#files.set(number, edges)
    }
    return [...edges, ...this.proof(evidence)]
  }

  /** Edges from the anchor of a transaction to the root. */
  proof({ transaction, proof }: TransactionEvidence): string[] {
    return this.proven(anchorNode(this.#writer, transaction.number), proof)
  }

  /** Edges from a node that stands for an anchor to the root, by what its proof shows, but for that of its time. */
  proven(anchor: string, { checks, checkpoint }: LedgerEvidence): string[] {
    const there = this.#proofs.get(anchor)
    if (there !== undefined) return there
    const { ledgerRoot } = this.#writer
    const leaf = `${anchor}-leaf`
    const signed = checkpoint && this.checkpoint(checkpoint)
    const ends: { [code: string]: readonly (string | undefined)[] } = {
      LEAF_ANCHOR: [anchor, leaf],
      LOG_INCLUSION: [leaf, signed],
      CHECKPOINT_SIGNATURE: [signed, ledgerRoot],
      CHECKPOINT_WITNESSED: [signed, this.#writer.rootFor('one-history')],
      LOG_CONSISTENCY: [signed && OWN_TREE, signed],
      LEAF_TIME: [leaf, ledgerRoot],
      LEDGER_WORD: [anchor, ledgerRoot],
    }
    const edges: string[] = []
    for (const check of checks) {
      const [from, to] = ends[check.code] ?? []
      if (from === undefined || to === undefined) continue
      if (from === OWN_TREE)
        this.#writer.node({
          id: OWN_TREE,
          kind: 'checkpoint',
          label: 'the tree that this node has built itself',
        })
      if (from === leaf || to === leaf)
        this.#writer.node({ id: leaf, kind: 'leaf', label: `leaf of ${this.#writer.labelOf(anchor)}` })
      if (check.code === 'LEAF_TIME') this.#times.set(anchor, check)
      else {
        const edge = this.#writer.edge(from, to, check.code, check)
        if (check.code === 'CHECKPOINT_WITNESSED') this.#cosigned(edge, from, check)
        edges.push(edge)
      }
    }
    this.#proofs.set(anchor, edges)
    return edges
  }

  /** The edge that says when an anchor was made, which is written where it is needed; none where no proof says so. */
  time(anchor: string): string[] {
    const check = this.#times.get(anchor)
    const { ledgerRoot } = this.#writer
    if (check === undefined || ledgerRoot === undefined) return []
    return [this.#writer.edge(`${anchor}-leaf`, ledgerRoot, check.code, check)]
  }

  /** Node of a checkpoint. */
  checkpoint({ id, size }: CheckpointName): string {
    const leaves = size === undefined ? '' : ` with ${size} leaves`
    const label = `checkpoint of ${this.#writer.ledger.id}${leaves}`
    return this.#writer.node({ id, kind: 'checkpoint', label })
  }

  /** Lets the edge that a quorum has cosigned count only with those whose cosignatures count, each a root of its own. */
  #cosigned(witnessed: string, checkpoint: string, { cosignatures = [], quorums = [] }: ProofCheck): void {
    const edges = new Map(
      cosignatures.map(({ root, detail }) => {
        const id = this.#writer.report.root(root)
        return [id, this.#writer.edge(checkpoint, id, 'COSIGNATURE', { result: 'pass', detail })]
      }),
    )
    const any = quorums.map(roots => ({ all: roots.flatMap(root => edges.get(root) ?? []) }))
    if (any.length > 0) this.#writer.standsOn(witnessed, { any })
  }

  #file(number: number, { role, uri, check }: FileEvidence, evidence: TransactionEvidence): string[] {
    const writer = this.#writer
    const file = fileNode(number, role)
    writer.node({ id: file, kind: 'file', label: `${role} file of transaction ${number}`, digest: uri })
    const anchor = anchorNode(writer, number)
    const parent = PARENTS[role]
    const named = writer.edge(
      file,
      parent === undefined ? anchor : fileNode(number, parent),
      'FILE_CID',
      check,
    )
    if (parent !== undefined) return [named]
    return [writer.edge(file, anchor, 'ANCHOR_STRING', evidence.anchorString), named]
  }
}

/** Whether all that speaks for the files of a transaction has passed, so that what they say can be held against it. */
export function isAuthentic({ proof, anchorString, files }: TransactionEvidence): boolean {
  const proven = proof.checks.filter(({ code }) => code !== 'LEAF_TIME')
  const all = [...proven, anchorString, ...files.map(({ check }) => check)]
  return proven.length > 0 && all.every(({ result }) => result === 'pass')
}

/** Node of the anchor of a transaction. */
export function anchorNode(writer: ReportWriter, number: number): string {
  return writer.node({ id: `anchor-${number}`, kind: 'anchor', label: `transaction ${number}` })
}

/** Id of the node of a file. */
export function fileNode(number: number, role: FileRole): string {
  return `file-${number}-${role}`
}
