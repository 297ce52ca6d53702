/** What may become a leaf: an anchor string and who anchors it. */
export interface Entry {
  anchorString: string
  writer: string
}

/**
 * Decides which anchors a log takes. It is a policy of the log, not a rule of consensus: whoever follows the log judges
 * each leaf for itself.
 */
export interface Admission {
  /**
   * Judges an entry, and has it sequenced where it passes. Until `sequence` has ended, nothing else is admitted that
   * this entry could bear on, so that what was judged still holds when the leaf is there.
   * @param sequence makes the leaf; called once at the most
   * @returns what `sequence` returns
   * @throws LedgerError LEDGER_ENTRY_REFUSED, LEDGER_FILES_MISSING; what kept it from being judged; as `sequence`
   */
  admit<T>(entry: Entry, sequence: () => Promise<T>): Promise<T>
}

/** How an anchor is made on the embedded log, beside what is anchored. */
export interface AnchorOptions {
  /** Called once the entry is admitted, before it is sequenced; where it rejects, there is no leaf. */
  admitted?: () => Promise<void>
  /** True for an entry that was admitted before, of which a leaf is promised: it is not judged again. */
  promised?: true
}

/** Why an operation of a batch was not admitted. */
export interface OperationRefusal {
  /** Its place in the batch: creates, recovers, deactivates, updates, each as its file lists them. */
  index: number
  didSuffix: string
  /** A code of the protocol. */
  code: string
  /** One plain sentence, without a full stop. */
  reason: string
}
