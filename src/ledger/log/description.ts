import type { NoteVerifier } from '../../merkle/vkey.ts'
import type { LedgerDescription } from '../types.ts'

/** What a log rests on: its key. Without witnesses nothing else speaks for it. */
export function describeLog(origin: string, verifier: NoteVerifier): LedgerDescription {
  return {
    kind: 'log',
    id: origin,
    timeUnit: 'seconds',
    roots: [
      {
        id: 'log-key',
        kind: 'ledger',
        name: `the transparency log ${origin}`,
        fingerprint: `sha256:${verifier.fingerprint}`,
        pinnedBy: 'operator',
        trustedFor: ['ledger-order', 'ledger-time'],
        ifItLies:
          'It shows different histories to different people, leaves anchors out, or dates them as it likes.',
      },
    ],
    cannotShow: [
      'That the log shows the same history to everyone: no witness has cosigned its checkpoints.',
      'That the log has withheld no anchor, and refused no writer.',
      'That the time of an anchor is true: it is the word of the log.',
      'That the log was never put back to an earlier state together with its record of what it has published: it would then sign a second history.',
    ],
  }
}
