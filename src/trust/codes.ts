import type { Basis, FailureKind, Purpose, Relation, Result } from './terms.ts'

/** What a check code stands for; the same for every edge that carries it. */
export interface CheckInfo {
  /** What is true if the check passes. */
  meaning: string
  /** Specification and section. */
  spec: string
  relation: Relation
  /** On what the check can rest; the first is the default. Absent: computed only. */
  basis?: readonly Basis[]
  /** What the root is trusted for, where the edge can name one. */
  purpose?: Purpose
  /** What it means, and what to do, when the check does not pass. */
  fail?: string
  /** What a failure speaks against. Absent: the proof. */
  breaks?: FailureKind
  /** Results that would say more than the check can show; the builder refuses them. */
  never?: readonly Result[]
}

const SIDETREE = 'Sidetree v1.0.0'
const DESIGN = 'Rootline, docs/trust-report.md'

/** Every code that an edge can carry. Codes are added, and never change their meaning. */
export const CHECKS = {
  // Operations of a Sidetree DID
  SUFFIX_HASH: {
    meaning: 'The suffix of the DID is the hash of the suffix data of its create operation.',
    spec: `${SIDETREE}, DID URI Composition`,
    relation: 'hashOf',
    fail: 'The create operation belongs to another DID. Ask another source for the operations.',
  },
  LONG_FORM_STATE: {
    meaning: 'The long form carries an initial state that is canonical and hashes to the suffix.',
    spec: `${SIDETREE}, Long-Form DID URIs`,
    relation: 'derivedFrom',
    fail: 'The long form was changed or cut. Ask its holder for it again.',
  },
  CREATE_DELTA_HASH: {
    meaning: 'The delta of the create operation hashes to the delta hash in its suffix data.',
    spec: `${SIDETREE}, Create`,
    relation: 'hashOf',
    fail: 'The first document is not the one that the DID was made with. Ask another source for the delta.',
  },
  REVEAL_COMMITMENT: {
    meaning: 'The revealed key is the one that an earlier operation committed to.',
    spec: `${SIDETREE}, Public Key Commitment Scheme`,
    relation: 'hashOf',
    fail: 'The operation does not follow from the one before it and is to be left out.',
  },
  DELTA_HASH: {
    meaning: 'The delta hashes to the delta hash that the operation signs.',
    spec: `${SIDETREE}, Update, Recover`,
    relation: 'hashOf',
    fail: 'The delta is not the one that was signed. Ask another source for the chunk file.',
  },
  OPERATION_SIGNATURE: {
    meaning: 'The operation is signed by the revealed key.',
    spec: `${SIDETREE}, Operation Verification`,
    relation: 'signedBy',
    fail: 'Whoever made the operation does not hold the key. It is to be left out.',
  },
  ANCHOR_WINDOW: {
    meaning: 'The operation was anchored within the time that it allows for (anchorFrom, anchorUntil).',
    spec: `${SIDETREE}, Operation Anchoring Time Ranges`,
    relation: 'freshAt',
    fail: 'The operation was anchored too early or too late and is to be left out. Make a new one.',
  },
  PATCHES_APPLIED: {
    meaning: 'The patches of the operation were applied to the document, all of them.',
    spec: `${SIDETREE}, DID State Patches`,
    relation: 'derivedFrom',
    never: ['fail'],
  },
  PATCHES_IGNORED: {
    meaning:
      'A patch or the delta cannot be applied, so by the protocol the operation changes keys to come only.',
    spec: `${SIDETREE}, Operation Compilation`,
    relation: 'derivedFrom',
    never: ['fail'],
  },
  STATE_RECOMPUTED: {
    meaning:
      'The operations, read again and resolved anew, come to the version and the document that were answered.',
    spec: `${SIDETREE}, Operation Compilation`,
    relation: 'derivedFrom',
    fail: 'The database of the node is not what its ledger and files say. Do not rely on the answer; run "rootline repair".',
  },
  OPERATION_IGNORED: {
    meaning: 'An operation that names the DID has no effect by the rules of the protocol.',
    spec: `${SIDETREE}, Operation Compilation`,
    relation: 'listedIn',
    never: ['fail'],
  },
  DELTA_UNAVAILABLE: {
    meaning: 'A readable index file names the DID, while the delta of the operation cannot be had.',
    spec: `${SIDETREE}, Operation Compilation`,
    relation: 'listedIn',
    fail: 'The document may lack a change. Try again later, or ask a node that holds the chunk file.',
    never: ['pass', 'fail'],
  },
  PROOF_UNAVAILABLE: {
    meaning: 'A readable index file names the DID, while the proof of the operation cannot be had.',
    spec: `${SIDETREE}, Operation Compilation`,
    relation: 'listedIn',
    fail: 'The document may lack a change. Try again later, or ask a node that holds the proof file.',
    never: ['pass', 'fail'],
  },
  NOT_PUBLISHED: {
    meaning: 'The DID is not anchored as far as this node knows, and no proof of absence was given.',
    spec: `${SIDETREE}, DID Resolver Output`,
    relation: 'listedIn',
    fail: 'The first keys may have been replaced by an operation that this node has not seen. Anchor the DID, or ask again later.',
    never: ['pass', 'fail'],
  },
  DID_ACTIVE: {
    meaning: 'The controller has not deactivated the DID.',
    spec: `${SIDETREE}, Deactivate`,
    relation: 'derivedFrom',
    fail: 'The DID was deactivated, for good. Ask its controller for another.',
    breaks: 'ended',
  },
  VERSION_TIME_AHEAD: {
    meaning: 'The version time is later than the newest thing that the ledger vouches for.',
    spec: 'DID Resolution v1, DID Resolution Options',
    relation: 'freshAt',
    fail: 'Operations up to that time may still be anchored. Ask for an earlier time, or again later.',
    never: ['pass', 'fail'],
  },

  // Files
  FILE_LISTS_OPERATION: {
    meaning: 'The index or proof file lists the operation.',
    spec: `${SIDETREE}, File Structures`,
    relation: 'listedIn',
    fail: 'The operation was not anchored by this file. Ask another source for the operations.',
  },
  FILE_CID: {
    meaning: 'The bytes of the file hash to the content identifier by which they are named.',
    spec: 'IPFS UnixFS; CIDv0 and CIDv1',
    relation: 'hashOf',
    fail: 'The bytes are not the file that was named. Fetch it from another source.',
  },
  ANCHOR_STRING: {
    meaning: 'The anchor string names the core index file and the number of its operations.',
    spec: `${SIDETREE}, Transaction Anchoring`,
    relation: 'anchoredIn',
    fail: 'The anchor speaks of another batch. Ask another source for the operations.',
  },

  // Ledger
  LEAF_ANCHOR: {
    meaning: 'The bytes of the log leaf hold the anchor string.',
    spec: 'Rootline log leaf, RFC 8785',
    relation: 'hashOf',
    fail: 'The leaf records something else. Ask another source for the proof.',
  },
  LOG_INCLUSION: {
    meaning: 'The leaf is in the tree whose root the checkpoint states.',
    spec: 'RFC 6962, section 2.1.1; C2SP tlog-checkpoint',
    relation: 'includedIn',
    fail: 'The proof does not lead to the root of the checkpoint. Fetch the proof again, elsewhere if need be.',
  },
  LOG_CONSISTENCY: {
    meaning: 'The later checkpoint holds all that the earlier one held, unchanged.',
    spec: 'RFC 6962, section 2.1.2; C2SP tlog-checkpoint',
    relation: 'consistent',
    fail: 'The log shows two histories, or the proof is bad. Keep both checkpoints as evidence.',
  },
  CHECKPOINT_SIGNATURE: {
    meaning: 'The checkpoint is signed by the key of the log.',
    spec: 'C2SP signed-note, tlog-checkpoint',
    relation: 'signedBy',
    purpose: 'ledger-order',
    fail: 'The checkpoint is not from this log. Compare the key that is pinned with the one that the log publishes.',
  },
  CHECKPOINT_WITNESSED: {
    meaning: 'As many witnesses as the policy asks for have cosigned the checkpoint.',
    spec: 'C2SP tlog-cosignature, tlog-policy',
    relation: 'witnessedBy',
    purpose: 'one-history',
    never: ['fail'],
    fail: 'The log may show others another history. Fetch the checkpoint again, or ask the witnesses that lack.',
  },
  COSIGNATURE: {
    meaning: 'A witness of the policy has cosigned the checkpoint.',
    spec: 'C2SP tlog-cosignature',
    relation: 'witnessedBy',
    purpose: 'one-history',
    never: ['fail'],
    fail: 'This witness does not speak for the checkpoint.',
  },
  CHECKPOINT_FRESH: {
    meaning: 'The checkpoint is recent by the clock of this machine.',
    spec: DESIGN,
    relation: 'freshAt',
    purpose: 'time',
    never: ['fail'],
    fail: 'Later operations may exist. Fetch a newer checkpoint, and compare the clock of this machine.',
  },
  CHECKPOINT_NEWEST: {
    meaning: 'Whoever the log is read from has shown no newer checkpoint.',
    spec: DESIGN,
    relation: 'freshAt',
    basis: ['remote'],
    purpose: 'newest-checkpoint',
    fail: 'Later operations may exist. Look whether the log can be reached, or follow it with witnesses.',
  },
  LEAF_TIME: {
    meaning: 'The log says when it added the leaf.',
    spec: 'Rootline log leaf',
    relation: 'freshAt',
    basis: ['remote'],
    purpose: 'ledger-time',
    fail: 'Nobody else vouches for the time of the anchor.',
  },
  STAMP_ROOT: {
    meaning: 'The digest, with its salt, is in the tree whose root the leaf holds.',
    spec: 'Rootline stamp; RFC 6962, section 2.1.1',
    relation: 'includedIn',
    fail: 'The proof is of something else, or was changed. Look for the proof that was made with the file.',
  },
  RECEIPT_SIGNATURE: {
    meaning: 'The receipt is signed by the key of the log.',
    spec: 'C2SP signed-note; Rootline submission receipt',
    relation: 'signedBy',
    purpose: 'ledger-order',
    fail: 'The receipt is none of this log, so that it promises nothing. Compare the key that is pinned with that of the log.',
  },
  RECEIPT_LEAF: {
    meaning: 'A leaf as the receipt promises it is on the log, with a time that is not after the deadline.',
    spec: 'Rootline submission receipt',
    relation: 'anchoredIn',
    fail: 'The log has not done in time what it promised. Keep the receipt and the checkpoint as evidence, and hand the batch in elsewhere.',
  },
  RECEIPT_ABSENT: {
    meaning:
      'All leaves of the checkpoint were read, and none is the one that the receipt promises, in time.',
    spec: 'Rootline submission receipt; RFC 6962, section 2.1',
    relation: 'listedIn',
    fail: 'The log has the leaf, or the leaves that were read are not those of the checkpoint.',
  },
  RECEIPT_DEADLINE: {
    meaning:
      'A leaf of the checkpoint has a later time than the deadline, so that none with an earlier one can follow.',
    spec: 'Rootline submission receipt; Rootline log leaf',
    relation: 'freshAt',
    never: ['fail'],
    fail: 'The leaf may still come in time. Ask again after the deadline.',
  },
  COSIGNED_TIME: {
    meaning: 'A witness says when it cosigned the checkpoint.',
    spec: 'C2SP tlog-cosignature',
    relation: 'freshAt',
    basis: ['remote'],
    purpose: 'cosigning-time',
    fail: 'Nobody but the log vouches for the time. Ask for a proof with a checkpoint that the witnesses have cosigned.',
  },
  LEDGER_WORD: {
    meaning: 'The ledger, or whoever was asked about it, says that the transaction is on it.',
    spec: DESIGN,
    relation: 'includedIn',
    basis: ['remote', 'assumed'],
    purpose: 'ledger-order',
    fail: 'Use a ledger that proves inclusion, or accept the word of the one that was asked.',
  },
  LEAF_MAP: {
    meaning: 'The last leaf of the checkpoint states the root of a map of the operations of each DID.',
    spec: 'Rootline operation map',
    relation: 'hashOf',
    fail: 'The proof has no map of this checkpoint. Ask for another proof.',
  },
  MAP_VALUE: {
    meaning:
      'The map has for the DID what the operations here come to, so that none is left out and none is added.',
    spec: 'Rootline operation map; Rootline Merkle map',
    relation: 'includedIn',
    fail: 'Operations of the DID are missing from the proof, or the log left some out of its map. Ask another node for a proof.',
  },
  MAP_WORD: {
    meaning: 'The log says that its map has every operation that its anchors hold.',
    spec: DESIGN,
    relation: 'trustedAs',
    basis: ['remote'],
    purpose: 'operation-map',
    fail: 'Follow the log: a node that has the files makes the map anew.',
  },
  COMPLETENESS: {
    meaning: 'All operations of the DID up to the head are here: this node read the whole ledger itself.',
    spec: DESIGN,
    relation: 'includedIn',
    never: ['fail'],
    fail: 'An operation may be missing, so an older state may be shown as the newest. Wait until the node has caught up.',
  },
  UNAVAILABLE_ANCHORS: {
    meaning: 'None of the anchors whose files nobody could read names this DID.',
    spec: DESIGN,
    relation: 'trustedAs',
    basis: ['assumed'],
    purpose: 'unseen-files',
    fail: 'Try again when the files can be had, or let the policy accept the assumption.',
  },

  // Other DID methods and other nodes
  REMOTE_NODE: {
    meaning: 'Another node says so; nothing of it was checked here.',
    spec: 'DID Resolution v1, HTTP(S) Binding',
    relation: 'trustedAs',
    basis: ['remote'],
    purpose: 'resolution',
    fail: 'Resolve with a node of your own, or let the policy accept this one.',
  },
  DID_KEY_DECODED: {
    meaning: 'The document follows from the DID alone: the DID is the key.',
    spec: 'did:key, Document Creation Algorithm',
    relation: 'derivedFrom',
    fail: 'The DID does not encode a key. Ask its holder for it again.',
  },
  DID_JWK_DECODED: {
    meaning: 'The document follows from the DID alone: the DID is the key, as a JWK.',
    spec: 'did:jwk, Read',
    relation: 'derivedFrom',
    fail: 'The DID does not encode a public key. Ask its holder for it again.',
  },
  SELF_CERTIFYING: {
    meaning: 'The identifier fixes the key, so nothing but this software and its cryptography is relied on.',
    spec: DESIGN,
    relation: 'trustedAs',
    basis: ['assumed'],
    purpose: 'computation',
  },
  DID_WEB_TLS: {
    meaning: 'The document came over TLS from a host whose certificate this machine accepts for that name.',
    spec: 'did:web, Read; RFC 8446; RFC 9525',
    relation: 'certifiedBy',
    basis: ['remote'],
    purpose: 'web-connection',
    fail: 'The host could not be reached or could not prove its name. Try again, and look at its certificate.',
  },
  DID_WEB_FETCHED: {
    meaning: 'The host says that this is the document now; it could say otherwise to others or tomorrow.',
    spec: 'did:web, Read',
    relation: 'trustedAs',
    basis: ['remote'],
    purpose: 'web-document',
    fail: 'The document could not be had. Ask whoever runs the host.',
  },
  DID_DOCUMENT_ID: {
    meaning: 'The document names the DID that was asked for as its id.',
    spec: 'DID Core v1.0, section 5.1.1',
    relation: 'boundTo',
    fail: 'The document is about another DID. Ask whoever publishes it.',
  },

  // What is taken as given
  ROOT_PINNED: {
    meaning: 'A key is taken as that of the party named, as someone pinned it.',
    spec: DESIGN,
    relation: 'trustedAs',
    basis: ['assumed'],
    purpose: 'key',
    fail: 'Pin the key, if you know it to be right.',
  },
  TIME_CHOSEN: {
    meaning: 'The report is made for a time that the caller chose.',
    spec: DESIGN,
    relation: 'freshAt',
    basis: ['assumed'],
    purpose: 'time',
    fail: 'Let the policy accept the time, or ask about now.',
  },
} as const satisfies Record<string, CheckInfo>

/** A code that an edge can carry. */
export type CheckCode = keyof typeof CHECKS

/** What evaluation itself can find missing. No edge carries these. */
export const CAUSES = {
  ROOT_NOT_ACCEPTED: {
    meaning: 'The policy accepts no root like this one.',
    fail: 'Accept the root in the policy if you trust it, or use evidence that rests on one that you accept.',
  },
  ROOT_REFUSED: {
    meaning: 'The policy refuses this root, or its key.',
    fail: 'Use evidence that rests on another root.',
  },
  ROOT_NOT_FOR_PURPOSE: {
    meaning: 'The root is not trusted for what the check needs it for.',
    fail: 'Use evidence that rests on a root that is trusted for it.',
  },
  PATH_WITHOUT_ROOT: {
    meaning:
      'The checks of a claim pass but do not lead to a root of trust, so nobody vouches for where they end.',
    fail: 'This is a fault of the program that made the report, or evidence was left out. Report it.',
  },
  CHECK_MISSING: {
    meaning: 'The claim names no check, or one that the report does not hold.',
    fail: 'The report was cut or changed. Make it again.',
  },
  CLAIM_MISSING: {
    meaning: 'The policy requires a claim that the report does not make.',
    fail: 'Ask for evidence of the claim, or take it out of the policy.',
  },
  NOTHING_REQUIRED: {
    meaning: 'No claim is required, so there is nothing to be verified.',
    fail: 'Name in the policy what you require.',
  },
} as const satisfies Record<string, { meaning: string; fail: string }>

/** Why a claim or a report is not verified. */
export type CauseCode = CheckCode | keyof typeof CAUSES

const COMPUTED: readonly Basis[] = ['computed']

/** What a code stands for. */
export function checkInfo(code: CheckCode): CheckInfo {
  return CHECKS[code]
}

/** On what a check of this code can rest; the first is the default. */
export function basesOf(code: CheckCode): readonly Basis[] {
  return checkInfo(code).basis ?? COMPUTED
}

/** True if `code` is in the list of check codes. */
export function isCheckCode(code: unknown): code is CheckCode {
  return typeof code === 'string' && Object.hasOwn(CHECKS, code)
}
