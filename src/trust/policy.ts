import type { CAUSES } from './codes.ts'
import type { PinnedBy, Purpose, Root, RootKind } from './types.ts'

/** Picks roots: every member that is given must fit. One without members is refused. */
export interface RootRule {
  id?: string
  kind?: RootKind
  pinnedBy?: PinnedBy
  /** As in {@link Root}. */
  fingerprint?: string
  /** Picks the root for this purpose alone; absent: for all that it is trusted for. */
  purpose?: Purpose
}

/**
 * What a verifier lets count. It belongs to whoever relies on the report, and never comes with the input that is
 * judged.
 */
export interface Policy {
  /** A root counts if one of these picks it. */
  accept: readonly RootRule[]
  /** A root that one of these picks never counts. A rule that names a root by id or fingerprint acts on its key:
   * every root with that key is refused. */
  refuse: readonly RootRule[]
  /** Ids of the claims that decide. Absent: those that the verification itself marks as required. */
  required?: readonly string[]
}

/** Accepts what is built in and what the operator configured, and nothing that came with the request. */
export const DEFAULT_POLICY: Policy = Object.freeze({
  accept: Object.freeze([Object.freeze({ pinnedBy: 'built-in' }), Object.freeze({ pinnedBy: 'operator' })]),
  refuse: Object.freeze([]),
} as const)

/** Why a root does not count. */
export type Refusal = Extract<keyof typeof CAUSES, `ROOT_${string}`>

/** @returns why the root does not count for the purpose; undefined if it does */
export type Acceptance = (root: Root, purpose: Purpose) => Refusal | undefined

/** True if `text` is `sha256:` and 64 lower-case hexadecimal digits: the one spelling, so that distrust finds it. */
export function isFingerprint(text: unknown): text is string {
  return typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text)
}

/**
 * Reads a policy against the roots of a report.
 * @throws TypeError a rule without members, or a fingerprint in another spelling
 */
export function acceptance(policy: Policy, roots: readonly Root[]): Acceptance {
  for (const rule of [...policy.accept, ...policy.refuse]) checkRule(rule)
  const refuse = policy.refuse.flatMap(rule => byKey(rule, roots))
  return (root, purpose) => {
    if (!root.trustedFor.includes(purpose)) return 'ROOT_NOT_FOR_PURPOSE'
    if (refuse.some(rule => picks(rule, root, purpose))) return 'ROOT_REFUSED'
    return policy.accept.some(rule => picks(rule, root, purpose)) ? undefined : 'ROOT_NOT_ACCEPTED'
  }
}

function checkRule(rule: RootRule): void {
  const { id, kind, pinnedBy, fingerprint, purpose } = rule
  if ([id, kind, pinnedBy, fingerprint, purpose].every(member => member === undefined)) {
    throw new TypeError('a rule of a policy names at least one of id, kind, pinnedBy, fingerprint, purpose')
  }
  if (fingerprint !== undefined && !isFingerprint(fingerprint)) {
    throw new TypeError('a fingerprint is sha256: and 64 lower-case hexadecimal digits')
  }
}

/** The rule itself, and one for each key that it reaches by naming a root: distrust acts on the key. */
function byKey(rule: RootRule, roots: readonly Root[]): RootRule[] {
  const rules = [rule]
  if (rule.id === undefined && rule.fingerprint === undefined) return rules
  for (const root of roots) {
    if (root.fingerprint === undefined || !picks(rule, root, rule.purpose)) continue
    rules.push({
      fingerprint: root.fingerprint,
      ...(rule.purpose === undefined ? {} : { purpose: rule.purpose }),
    })
  }
  return rules
}

function picks(rule: RootRule, root: Root, purpose: Purpose | undefined): boolean {
  return (
    (rule.id === undefined || rule.id === root.id) &&
    (rule.kind === undefined || rule.kind === root.kind) &&
    (rule.pinnedBy === undefined || rule.pinnedBy === root.pinnedBy) &&
    (rule.fingerprint === undefined || rule.fingerprint === root.fingerprint) &&
    (rule.purpose === undefined || rule.purpose === purpose)
  )
}
