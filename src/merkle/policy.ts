import { MerkleError } from './errors.ts'
import { COSIGNER_TYPES, LOG_TYPES, type SignatureType } from './signature-types.ts'
import { type NoteVerifier, parseVkey } from './vkey.ts'

/** A log that is trusted to be one, and where to read it. */
export interface PolicyLog {
  verifier: NoteVerifier
  url?: string
}

/** A cosigner, by the name that it has in the policy, and where it takes requests. */
export interface PolicyWitness {
  name: string
  verifier: NoteVerifier
  url?: string
}

/** Witnesses and groups, of which `threshold` have to be satisfied. */
export interface PolicyGroup {
  name: string
  threshold: number
  members: string[]
}

/** Whose signatures make a checkpoint good (C2SP tlog-policy). */
export interface TlogPolicy {
  logs: PolicyLog[]
  witnesses: PolicyWitness[]
  /** Each after its members. */
  groups: PolicyGroup[]
  /** Name of the witness or group that has to be satisfied, or `none`. */
  quorum: string
}

/** Largest policy, in characters. */
export const MAX_POLICY_LENGTH = 1 << 18
/** Most names in a policy. */
const MAX_NAMES = 256
/** Up to so many witnesses, every set of them is looked at. */
const MAX_EXACT = 14
const NONE = 'none'
/** Tabs and line ends are the only control characters of a policy. */
const CONTROL = /[^\t\P{Cc}]/u

/**
 * Reads a policy file (C2SP tlog-policy): lines `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`,
 * `group <name> <k|any|all> <member>...` and one `quorum <name|none>`; `#` begins a comment line.
 * @throws MerkleError POLICY_INVALID, with the number of the line
 */
export function parsePolicy(text: string): TlogPolicy {
  if (text.length > MAX_POLICY_LENGTH) throw new MerkleError('POLICY_INVALID', 'the policy is too large')
  const reader = new PolicyReader()
  for (const [i, line] of text.split('\n').entries()) {
    if (CONTROL.test(line)) throw invalid(i + 1, 'it has a control character, such as a carriage return')
    const words = line.split(/[ \t]+/).filter(word => word !== '')
    const [keyword] = words
    if (keyword === undefined || keyword.startsWith('#')) continue
    reader.read(words, i + 1)
  }
  return reader.policy()
}

/** The lines of witnesses, groups and quorum, in one spelling: what {@link parsePolicy} reads. Logs are left out. */
export function formatPolicy({ witnesses, groups, quorum }: TlogPolicy): string {
  const lines = [
    ...witnesses.map(({ name, verifier, url = '' }) => `witness ${name} ${verifier.vkey} ${url}`.trimEnd()),
    ...groups.map(({ name, threshold, members }) => `group ${name} ${threshold} ${members.join(' ')}`),
    `quorum ${quorum}`,
  ]
  return `${lines.join('\n')}\n`
}

/**
 * Whether cosigners satisfy the quorum.
 * @param signed verifier keys of those whose cosignature was verified
 */
export function meetsQuorum(policy: TlogPolicy, signed: ReadonlySet<string>): boolean {
  const satisfied = new Set(
    policy.witnesses.filter(({ verifier }) => signed.has(verifier.vkey)).map(({ name }) => name),
  )
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter(member => satisfied.has(member)).length >= threshold) satisfied.add(name)
  }
  return policy.quorum === NONE || satisfied.has(policy.quorum)
}

/** What was found of policies: to look at every set of 14 witnesses takes tens of milliseconds. */
const intersecting = new WeakMap<TlogPolicy, boolean>()

/**
 * Whether any two sets of witnesses that satisfy the quorum have one in common: only then does a witness stand between a
 * log and two histories. Exact for up to 14 witnesses; of more, true only where a single threshold shows it.
 * @param policy that is not changed any more: what was found is remembered
 */
export function quorumsIntersect(policy: TlogPolicy): boolean {
  const known = intersecting.get(policy)
  if (known !== undefined) return known
  const found = lookForIntersection(policy)
  intersecting.set(policy, found)
  return found
}

function lookForIntersection(policy: TlogPolicy): boolean {
  if (policy.quorum === NONE) return false
  const { witnesses, groups } = policy
  if (witnesses.length > MAX_EXACT) {
    const group = groups.find(({ name }) => name === policy.quorum)
    const isFlat = group?.members.every(member => witnesses.some(({ name }) => name === member))
    return group === undefined || (isFlat === true && 2 * group.threshold > group.members.length)
  }
  // Two quorums without a common member would fit one beside the other: a set and its complement.
  for (let set = 0; set < 2 ** witnesses.length; set++) {
    const [inside, outside] = [true, false].map(
      side =>
        new Set(witnesses.filter((_, i) => ((set >> i) & 1) === Number(side)).map(w => w.verifier.vkey)),
    ) as [Set<string>, Set<string>]
    if (meetsQuorum(policy, inside) && meetsQuorum(policy, outside)) return false
  }
  return true
}

class PolicyReader {
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  readonly #groups: PolicyGroup[] = []
  readonly #names = new Set<string>()
  /** Names that are a member of some group already. */
  readonly #members = new Set<string>()
  readonly #keys = new Set<string>()
  #quorum: string | undefined

  read([keyword, ...words]: string[], line: number): void {
    switch (keyword) {
      case 'log':
        this.#readLog(words, line)
        return
      case 'witness':
        this.#readWitness(words, line)
        return
      case 'group':
        this.#readGroup(words, line)
        return
      case 'quorum':
        this.#readQuorum(words, line)
        return
      default:
        throw invalid(line, 'it begins with none of log, witness, group, quorum')
    }
  }

  policy(): TlogPolicy {
    if (this.#quorum === undefined) throw new MerkleError('POLICY_INVALID', 'the policy has no line "quorum"')
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum }
  }

  #readLog(words: string[], line: number): void {
    const [vkey, url] = words
    if (vkey === undefined || words.length > 2) throw invalid(line, 'it is not "log <vkey> [<url>]"')
    this.#logs.push({ verifier: this.#key(vkey, LOG_TYPES, line), ...urlOf(url, line) })
  }

  #readWitness(words: string[], line: number): void {
    const [name, vkey, url] = words
    if (name === undefined || vkey === undefined || words.length > 3) {
      throw invalid(line, 'it is not "witness <name> <vkey> [<url>]"')
    }
    this.#name(name, line)
    this.#witnesses.push({ name, verifier: this.#key(vkey, COSIGNER_TYPES, line), ...urlOf(url, line) })
  }

  #readGroup(words: string[], line: number): void {
    const [name, count, ...members] = words
    if (name === undefined || count === undefined || members.length === 0) {
      throw invalid(line, 'it is not "group <name> <k|any|all> <member>..."')
    }
    for (const member of members) {
      if (!this.#names.has(member)) throw invalid(line, `its member ${shown(member)} has no line before it`)
      if (this.#members.has(member)) throw invalid(line, `${shown(member)} is a member already`)
      this.#members.add(member)
    }
    this.#name(name, line)
    const threshold = count === 'any' ? 1 : count === 'all' ? members.length : Number(count)
    const isCount = /^(any|all|[1-9][0-9]{0,3})$/.test(count) && threshold <= members.length
    if (!isCount) throw invalid(line, `its count is not any, all, or from 1 to ${members.length}`)
    this.#groups.push({ name, threshold, members })
  }

  #readQuorum(words: string[], line: number): void {
    const [name] = words
    if (name === undefined || words.length > 1) throw invalid(line, 'it is not "quorum <name|none>"')
    if (this.#quorum !== undefined) throw invalid(line, 'there is a quorum already')
    if (name !== NONE && !this.#names.has(name)) {
      throw invalid(line, `${shown(name)} has no line before it`)
    }
    this.#quorum = name
  }

  #name(name: string, line: number): void {
    if (name === NONE || !isName(name)) throw invalid(line, `${shown(name)} cannot be a name`)
    if (this.#names.has(name)) throw invalid(line, `${shown(name)} is named twice`)
    if (this.#names.size >= MAX_NAMES) throw invalid(line, `there are more than ${MAX_NAMES} names`)
    this.#names.add(name)
  }

  /** One key under two names would count twice. */
  #key(vkey: string, types: readonly SignatureType[], line: number): NoteVerifier {
    let verifier: NoteVerifier
    try {
      verifier = parseVkey(vkey, types)
    } catch (cause) {
      if (!(cause instanceof MerkleError)) throw cause
      throw invalid(line, cause.message, cause)
    }
    if (this.#keys.has(verifier.fingerprint)) throw invalid(line, 'its key stands in the policy already')
    this.#keys.add(verifier.fingerprint)
    return verifier
  }
}

/** Names mean nothing beyond the policy; these can be shown. */
function isName(name: string): boolean {
  return name.isWellFormed() && !/[\p{White_Space}\p{Cc}]/u.test(name)
}

function urlOf(url: string | undefined, line: number): { url?: string } {
  if (url === undefined) return {}
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol !== 'https:' && protocol !== 'http:') throw invalid(line, 'its URL is not of http or https')
  return { url: url.replace(/\/$/, '') }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}

function invalid(line: number, why: string, cause?: unknown): MerkleError {
  return new MerkleError('POLICY_INVALID', `line ${line} of the policy: ${why}`, cause)
}
