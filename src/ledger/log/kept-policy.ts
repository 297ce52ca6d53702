import { MerkleError } from '../../merkle/errors.ts'
import { formatPolicy, meetsQuorum, parsePolicy, type TlogPolicy } from '../../merkle/policy.ts'
import { LedgerError } from '../errors.ts'
import { type LogStore, POLICY_KEY } from './records.ts'

/**
 * The policy of the witnesses that the log in a database was opened with last, its own or one that is followed; undefined
 * where nobody was asked for.
 * @throws LedgerError LEDGER_CORRUPT; StoreError
 */
export function keptPolicy(store: Pick<LogStore, 'get'>): TlogPolicy | undefined {
  const bytes = store.get(POLICY_KEY)
  if (bytes === undefined) return undefined
  try {
    return parsePolicy(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new LedgerError('LEDGER_CORRUPT', "the policy in the log's database cannot be read", cause)
  }
}

/** Keeps the policy, or, where it asks for nobody, that there is none. @throws StoreError */
export async function keepPolicy(
  store: Pick<LogStore, 'get' | 'commit'>,
  policy: TlogPolicy | undefined,
): Promise<void> {
  const asked = policy === undefined || meetsQuorum(policy, new Set()) ? undefined : formatPolicy(policy)
  const kept = store.get(POLICY_KEY)
  if (asked === (kept && Buffer.from(kept).toString('utf8'))) return
  await store.commit([asked === undefined ? { key: POLICY_KEY } : { key: POLICY_KEY, value: asked }])
}
