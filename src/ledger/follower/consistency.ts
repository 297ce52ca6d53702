import type { SignedCheckpoint } from '../../merkle/checkpoint.ts'
import type { TreeView } from '../log/tree-view.ts'
import type { ProofCheck } from '../types.ts'

/** That the checkpoint of a proof is of the tree that this follower has built itself. */
export function consistencyWith(
  view: TreeView | undefined,
  checkpoint: SignedCheckpoint | undefined,
): ProofCheck {
  const code = 'LOG_CONSISTENCY'
  if (checkpoint === undefined || view === undefined) {
    return { code, result: 'skipped', detail: 'There is no checkpoint signed by the log to compare with.' }
  }
  const { size, root } = checkpoint
  if (size > view.size) {
    const detail = `The checkpoint is of ${size} leaves, and this node has built the tree of ${view.size}.`
    return { code, result: 'undecided', detail }
  }
  return Buffer.compare(view.rootAt(size), root) === 0
    ? {
        code,
        result: 'pass',
        detail: `The checkpoint of size ${size} is of the tree that this node has built from all entries itself, and extends every one before it.`,
      }
    : {
        code,
        result: 'fail',
        detail: `The checkpoint of size ${size} is of another history than the tree that this node has built.`,
      }
}
