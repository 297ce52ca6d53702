import { type PolicyWitness, quorumsIntersect, type TlogPolicy } from '../../merkle/policy.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import type { Root } from '../../trust/types.ts'
import type { LedgerDescription } from '../types.ts'

/**
 * What a log rests on: its key and, where a policy asks for them, its witnesses as a quorum. Each of them by itself is
 * told with its cosignature ({@link witnessRoot}).
 * @param policy of whoever reads the log; without one, or with the quorum `none`, no witness counts
 */
export function describeLog(origin: string, verifier: NoteVerifier, policy?: TlogPolicy): LedgerDescription {
  const witnessed = policy === undefined || policy.quorum === 'none' ? undefined : policy
  return {
    kind: 'log',
    id: origin,
    timeUnit: 'seconds',
    roots: [logKey(origin, verifier, witnessed), ...(witnessed === undefined ? [] : [quorumRoot(witnessed)])],
    cannotShow: [
      ...sameHistory(witnessed),
      'That the log has withheld no anchor, and refused no writer.',
      'That the time of an anchor is true: it is the word of the log.',
      ...(witnessed === undefined
        ? [
            'That the log was never put back to an earlier state together with its record of what it has published: it would then sign a second history.',
          ]
        : []),
    ],
  }
}

function logKey(origin: string, { fingerprint }: NoteVerifier, witnessed: TlogPolicy | undefined): Root {
  return {
    id: 'log-key',
    kind: 'ledger',
    name: `the transparency log ${origin}`,
    fingerprint: `sha256:${fingerprint}`,
    pinnedBy: 'operator',
    trustedFor: ['ledger-order', 'ledger-time'],
    ifItLies:
      witnessed === undefined
        ? 'It shows different histories to different people, leaves anchors out, or dates them as it likes.'
        : 'It leaves anchors out, or dates them as it likes; to show different histories it needs witnesses that lie with it.',
  }
}

function quorumRoot({ witnesses }: TlogPolicy): Root {
  return {
    id: 'log-witnesses',
    kind: 'party',
    name: `the witnesses ${witnesses.map(({ name }) => name).join(', ')}, of which the policy asks for a quorum`,
    pinnedBy: 'operator',
    trustedFor: ['one-history'],
    ifItLies:
      'A quorum of them, together with the log, can show different histories to different people; without the log they can do nothing.',
  }
}

/** What one witness is trusted for. Its id is of its key, as names in a policy are free. */
export function witnessRoot({ name, verifier }: PolicyWitness): Root {
  return {
    id: `witness-${verifier.fingerprint.slice(0, 16)}`,
    kind: 'party',
    name: `the witness ${name}`,
    fingerprint: `sha256:${verifier.fingerprint}`,
    pinnedBy: 'operator',
    trustedFor: ['one-history'],
    ifItLies:
      'It has cosigned another history too, and its cosignature speaks for none. That matters once those that lie are a quorum.',
  }
}

function sameHistory(witnessed: TlogPolicy | undefined): string[] {
  if (witnessed === undefined) {
    return ['That the log shows the same history to everyone: no witness has cosigned its checkpoints.']
  }
  if (quorumsIntersect(witnessed)) return []
  return [
    'That the log shows the same history to everyone: two quorums of the policy need not have a witness in common.',
  ]
}
