import { sha256 } from '../codec/hash.ts'
import type { PinnedBy, Root } from './types.ts'

/** Fingerprint of a root: of its SubjectPublicKeyInfo (DER), or of the bytes of the thing itself. */
export function fingerprintOf(bytes: Uint8Array): string {
  return `sha256:${sha256(bytes).toString('hex')}`
}

/** The clock by which freshness is judged. */
export function machineClock(): Root {
  return {
    id: 'clock',
    kind: 'clock',
    name: 'the clock of this machine',
    pinnedBy: 'built-in',
    trustedFor: ['time'],
    ifItLies: 'An old state of the ledger is taken for the newest.',
  }
}

/** The time that the caller chose to have things judged at, in place of the clock. */
export function chosenTime(time: string): Root {
  return {
    id: 'clock-chosen',
    kind: 'clock',
    name: `the time ${time}, chosen by the caller`,
    pinnedBy: 'request',
    trustedFor: ['time'],
    ifItLies: 'Things are judged at a time at which they were not, or no longer, in force.',
  }
}

/** Where a self-certifying identifier ends: nobody but this software and its cryptography is relied on. */
export function thisSoftware(): Root {
  return {
    id: 'software',
    kind: 'software',
    name: 'this software and its cryptography',
    pinnedBy: 'built-in',
    trustedFor: ['computation'],
    ifItLies: 'Every check that is marked as computed can be wrong.',
  }
}

/** The assumption about anchors whose files nobody could read. `oldest`: when the oldest was seen, RFC 3339. */
export function unavailableAnchors(count: number, oldest: string): Root {
  return {
    id: 'unavailable-anchors',
    kind: 'party',
    name: `the writers of ${count === 1 ? 'one anchor' : `${count} anchors`} with unavailable files, the oldest since ${oldest}`,
    pinnedBy: 'built-in',
    trustedFor: ['unseen-files'],
    ifItLies: 'An operation of this DID comes to light later and changes its document back to that time.',
  }
}

/** Another node that was asked. `pinnedBy`: who chose it. */
export function remoteNode(url: string, pinnedBy: PinnedBy): Root {
  return {
    id: 'remote-node',
    kind: 'party',
    name: `the node at ${url}`,
    pinnedBy,
    trustedFor: ['resolution'],
    ifItLies: 'The document is whatever it likes: other keys, an old state, or an invention.',
  }
}

/** Whoever the files of a followed log come from, where no witnesses say which checkpoint is the newest. */
export function logSource(url: string): Root {
  return {
    id: 'log-source',
    kind: 'party',
    name: `whoever answers for the log at ${url}`,
    pinnedBy: 'operator',
    trustedFor: ['newest-checkpoint'],
    ifItLies: 'An old state of the ledger is taken for the newest, until it is asked elsewhere.',
  }
}

/** Whoever runs the host of a did:web DID. Comes with the DID, so with the request, unless the operator named it. */
export function webHost(host: string, pinnedBy: PinnedBy): Root {
  return {
    id: 'web-host',
    kind: 'party',
    name: `whoever controls ${host}`,
    pinnedBy,
    trustedFor: ['web-document'],
    ifItLies: 'The document holds keys of its choice, for you alone or for everyone.',
  }
}

/** What TLS rests on. */
export function webConnection(): Root {
  return {
    id: 'web-connection',
    kind: 'registry',
    name: 'the domain name system and the certificate authorities that this machine trusts',
    pinnedBy: 'built-in',
    trustedFor: ['web-connection'],
    ifItLies: 'Someone else answers in the name of the host.',
  }
}
