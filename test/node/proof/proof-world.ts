import { expect } from 'vitest'
import type { LedgerTransaction } from '../../../src/ledger/types.ts'
import { parseVkey } from '../../../src/merkle/vkey.ts'
import type { PinnedLog } from '../../../src/node/proof/proof-ledger.ts'
import {
  type ProvenLeaf,
  parseResolutionProof,
  type ResolutionProof,
} from '../../../src/node/proof/resolution-proof.ts'
import { verifyResolutionProof } from '../../../src/node/proof/verify-proof.ts'
import type { Explanation } from '../../../src/node/types.ts'
import { type ProtocolVersions, ROOTLINE } from '../../../src/sidetree/parameters.ts'
import type { OperationRequest } from '../../../src/sidetree/types.ts'
import type { CheckCode } from '../../../src/trust/types.ts'
import { anchorBatch } from '../batches.ts'
import { LOG_VKEY, METHOD, startTestNode, type TestNode } from '../parts.ts'

/** The log of a test node, as whoever verifies its proofs has pinned it. */
export const LOG: PinnedLog = { origin: 'log.example/test', verifier: parseVkey(LOG_VKEY) }

/** A node whose proofs are carried away. */
export class ProofWorld {
  readonly #world: TestNode

  private constructor(world: TestNode) {
    this.#world = world
  }

  /** Its log takes anything: a proof has to stand whatever else is on a log. */
  static async start(folder: string, wrap?: Parameters<typeof startTestNode>[1]): Promise<ProofWorld> {
    return new ProofWorld(await startTestNode(folder, wrap, { anyEntry: true }))
  }

  get node(): TestNode['node'] {
    return this.#world.node
  }

  get content(): TestNode['content'] {
    return this.#world.content
  }

  get ledger(): TestNode['ledger'] {
    return this.#world.ledger
  }

  close(): Promise<void> {
    return this.#world.close()
  }

  /** A node whose log keeps a map of the operations. */
  static async startMapped(folder: string): Promise<ProofWorld> {
    return new ProofWorld(await startTestNode(folder, undefined, { mapped: true, anyEntry: true }))
  }

  /** Anchors operations as one batch, and has the node read it. */
  async submit(...requests: OperationRequest[]): Promise<void> {
    await anchorBatch(this, requests)
    await this.node.settled()
  }

  async prove(did: string): Promise<ResolutionProof> {
    return parseResolutionProof(await this.node.prove(did))
  }

  async transactions(): Promise<LedgerTransaction[]> {
    return (await this.node.transactions(undefined, 1_000)).map(({ transaction }) => transaction)
  }

  /** The files that transactions name, and no others. */
  async filesOf(leaves: readonly ProvenLeaf[]): Promise<Map<string, Uint8Array>> {
    const numbers = new Set(leaves.map(({ index }) => index))
    const records = await this.node.transactions(undefined, 1_000)
    const uris = records
      .filter(({ transaction }) => numbers.has(transaction.number))
      .flatMap(({ files }) => files.map(({ uri }) => uri))
    const read = uris.map(async uri => [uri, await this.content.get(uri, { maxBytes: 1e7 })] as const)
    return new Map(await Promise.all(read))
  }
}

/** Where only a proof is, and what whoever verifies it brings. */
export function verify(
  proof: ResolutionProof,
  {
    log = LOG,
    versions = [ROOTLINE],
    now = Date.now(),
    ...rest
  }: { log?: PinnedLog; versions?: ProtocolVersions; now?: number; signal?: AbortSignal } = {},
): Promise<Explanation> {
  return verifyResolutionProof(proof, { log, method: METHOD, versions, now, ...rest })
}

/** The verdict on a claim. */
export function claim({ report }: Explanation, id: string): string | undefined {
  return report.claims.find(one => one.id === id)?.verdict
}

/** Codes of the checks that came out so. */
export function codesOf({ report }: Explanation, result: string): CheckCode[] {
  return report.edges.filter(edge => edge.result === result).map(({ code }) => code)
}

export function documentOf({ resolution }: Explanation): unknown {
  return resolution.result.didDocument
}

/** Requires that a proof is refused as one that shows nothing, for a reason. */
export async function expectRefused(
  proof: ResolutionProof,
  why: RegExp,
  brought: Parameters<typeof verify>[1] = {},
): Promise<void> {
  await expect(verify(proof, brought)).rejects.toMatchObject({
    code: 'PROOF_INVALID',
    message: expect.stringMatching(why),
  })
}
