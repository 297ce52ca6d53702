import type { MapEvidence } from './proof/proven-map.ts'
import type { TransactionEdges } from './report-transactions.ts'
import { DID, type ReportWriter } from './report-writer.ts'

/**
 * Writes that the operations which an answer stands on are all that the log's map has of the DID, up to whoever vouches
 * for the map.
 */
export function mapEdges(writer: ReportWriter, transactions: TransactionEdges, map: MapEvidence): string[] {
  const value = writer.node({ id: 'map', kind: 'leaf', label: 'map of the operations of each DID' })
  const leaf = writer.node({ id: 'map-leaf', kind: 'leaf', label: 'last leaf of the checkpoint' })
  const edges = [
    writer.edge(DID, value, 'MAP_VALUE', map.value),
    writer.edge(value, leaf, 'LEAF_MAP', map.leaf),
    writer.edge(leaf, transactions.checkpoint(map.checkpoint), 'LOG_INCLUSION', map.inclusion),
  ]
  // Where nobody is trusted for it, it is told of whoever the ledger rests on, and does not count.
  const root = writer.rootFor('operation-map') ?? writer.ledgerRoot
  const detail =
    'The log says that the map has every operation that its anchors hold; it was not made anew here.'
  if (root !== undefined) edges.push(writer.edge(value, root, 'MAP_WORD', { result: 'pass', detail }))
  return edges
}
