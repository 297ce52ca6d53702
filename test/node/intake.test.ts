import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../src/codec/base64url.ts'
import { ION_MAINNET, ROOTLINE } from '../../src/sidetree/parameters.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { anchorBatch, idOf } from './batches.ts'
import { addService, bodyOf, Controller } from './parts.ts'
import { NodeWorld, type WorldNode } from './world.ts'

/** A node that knows one DID, and what else the tests make of it. */
async function withDid() {
  const world = new NodeWorld()
  const node = await world.start()
  const did = new Controller('Ed25519')
  await node.submit(bodyOf(did.create()))
  await node.settled()
  return { world, node, did }
}

/** An update with one thing about it changed. */
function changed(request: OperationRequest, change: object): Buffer {
  return bodyOf({ ...request, ...change } as OperationRequest)
}

function otherSignature({ signedData }: { signedData: string }): string {
  const [header, payload, signature = ''] = signedData.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  bytes.writeUInt8(bytes.readUInt8(10) ^ 1, 10)
  return `${header}.${payload}.${encodeBase64url(bytes)}`
}

async function refusalOf(node: WorldNode, body: Uint8Array): Promise<{ code: string; reason?: string }> {
  try {
    await node.submit(body)
  } catch (error) {
    const { code, reason } = error as { code: string; reason?: string }
    return reason === undefined ? { code } : { code, reason }
  }
  throw new TypeError('it was accepted')
}

describe('operations that could never apply', () => {
  it('are refused with a code, and take no place in the queue of the DID', async () => {
    const { node, did } = await withDid()
    const stranger = new Controller('Ed25519')
    stranger.create()
    stranger.suffix = did.suffix
    const update = (await did.update([addService('a')])) as Extract<OperationRequest, { type: 'update' }>
    const other = (await did.fork(update, [addService('b')])) as typeof update
    const junk: [string, Buffer, { code: string; reason?: string }][] = [
      [
        'a key that the DID does not commit to',
        bodyOf(await stranger.update([addService('x')])),
        { code: 'OPERATION_REFUSED', reason: 'COMMITMENT_UNKNOWN' },
      ],
      [
        'a recovery key that the DID does not commit to',
        bodyOf(await stranger.recover([])),
        { code: 'OPERATION_REFUSED', reason: 'COMMITMENT_UNKNOWN' },
      ],
      [
        'a deactivate by a stranger',
        bodyOf(await stranger.deactivate()),
        { code: 'OPERATION_REFUSED', reason: 'COMMITMENT_UNKNOWN' },
      ],
      [
        'a reveal value of another key',
        changed(update, { revealValue: 'EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg' }),
        { code: 'REVEAL_VALUE_MISMATCH' },
      ],
      [
        'a signature that does not verify',
        changed(update, { signedData: otherSignature(update) }),
        { code: 'SIGNATURE_INVALID' },
      ],
      [
        'a delta that was not signed',
        changed(update, { delta: other.delta }),
        { code: 'DELTA_HASH_MISMATCH' },
      ],
      [
        'another suffix',
        changed(update, { didSuffix: 'EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg' }),
        { code: 'DID_UNKNOWN', reason: 'DID_NOT_CREATED' },
      ],
      [
        'a signature of another operation',
        changed(update, { signedData: other.signedData }),
        { code: 'DELTA_HASH_MISMATCH' },
      ],
    ]
    for (const [what, body, refusal] of junk) {
      for (let i = 0; i < 20; i++) expect(await refusalOf(node, body), what).toEqual(refusal)
    }
    expect((await node.status()).queue.operations).toBe(0)
    expect((await node.submit(bodyOf(update))).accepted).toBe(true)
    await node.settled()
    expect((await node.operation(idOf(update))).state).toBe('applied')
  })

  it('are refused while the DID has operations that wait, by the state that those make', async () => {
    const { node, did } = await withDid()
    const first = await did.update([addService('a')])
    await node.submit(bodyOf(first))
    const again = await did.fork(first, [addService('b')])
    expect(await refusalOf(node, bodyOf(again))).toEqual({
      code: 'OPERATION_REFUSED',
      reason: 'COMMITMENT_UNKNOWN',
    })
    await node.submit(bodyOf(await did.deactivate()))
    const late = await did.update([addService('c')])
    expect(await refusalOf(node, bodyOf(late))).toEqual({
      code: 'DID_DEACTIVATED',
      reason: 'DID_DEACTIVATED',
    })
  })

  it('are refused for a DID that is deactivated', async () => {
    const { node, did } = await withDid()
    await node.submit(bodyOf(await did.deactivate()))
    await node.settled()
    for (const request of [
      await did.update([addService('a')]),
      await did.recover([]),
      await did.deactivate(),
    ]) {
      // The deactivate that made it so is known, and answered as such.
      const { accepted } = await node.submit(bodyOf(request)).catch((error: { code: string }) => {
        expect(error.code).toBe('DID_DEACTIVATED')
        return { accepted: false }
      })
      expect(accepted).toBe(false)
    }
  })

  it('are refused for a DID that nobody created, and taken once its create waits', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    const create = did.create()
    const update = bodyOf(await did.update([addService('a')]))
    expect(await refusalOf(node, update)).toEqual({ code: 'DID_UNKNOWN', reason: 'DID_NOT_CREATED' })
    await node.submit(bodyOf(create))
    expect((await node.submit(update)).accepted).toBe(true)
  })

  it('are refused where a patch cannot be applied to the document as it will be', async () => {
    const { node, did } = await withDid()
    const patch = { action: 'ietf-json-patch' as const, patches: [{ op: 'remove', path: '/publicKeys/99' }] }
    const { code, reason } = await refusalOf(node, bodyOf(await did.update([patch])))
    expect(code).toBe('OPERATION_REFUSED')
    expect(reason).toMatch(/^PATCH_/)
  })

  it('are refused where the create is on the ledger already, made by another node', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const create = new Controller('Ed25519').create()
    await anchorBatch(world, [create])
    await node.settled()
    expect(await refusalOf(node, bodyOf(create))).toEqual({ code: 'DID_EXISTS', reason: 'CREATE_SUPERSEDED' })
    expect(world.ledger.chain).toHaveLength(1)
  })

  it('are refused before the first version of the protocol', async () => {
    const world = new NodeWorld()
    world.versions = [{ ...ROOTLINE, genesisTime: 3 }]
    const node = await world.start()
    const body = bodyOf(new Controller('Ed25519').create())
    expect(await refusalOf(node, body)).toEqual({ code: 'OPERATION_REFUSED', reason: 'BEFORE_GENESIS' })
    await world.ledger.anchor('1.x', 'other')
    await world.ledger.anchor('1.y', 'other')
    expect((await node.submit(body)).accepted).toBe(true)
  })

  it('are refused by the rules of the version that holds next', async () => {
    const world = new NodeWorld()
    world.versions = [ROOTLINE, { ...ION_MAINNET, genesisTime: 2 }]
    const node = await world.start()
    const create = () => bodyOf(new Controller('P-256').create())
    expect((await node.submit(create())).accepted).toBe(true)
    await node.settled()
    const { code } = await refusalOf(node, bodyOf(await (await anchored(node)).update([addService('a')])))
    expect(code).toMatch(/^(KEY_|SIGNED_DATA_|OPERATION_)/)
  })

  /** A P-256 DID that is on the ledger. */
  async function anchored(node: WorldNode): Promise<Controller> {
    const did = new Controller('P-256')
    await node.submit(bodyOf(did.create()))
    await node.settled()
    return did
  }
})

describe('requests', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', '{"type":'],
    ['an array', '[]'],
    ['no type', '{}'],
    ['an unknown type', '{"type":"rename"}'],
    ['a member twice', '{"type":"create","type":"create"}'],
    ['deep nesting', '['.repeat(5000)],
  ])('that are %s are refused with a code of the protocol', async (_, text) => {
    const node = await new NodeWorld().start()
    await expect(node.submit(Buffer.from(text))).rejects.toMatchObject({ name: 'SidetreeError' })
  })

  it('with a delta that is too large are refused with its size', async () => {
    const { node, did } = await withDid()
    const patches = Array.from({ length: 30 }, (_, i) => addService(`service-${i}`))
    // The builder refuses it too.
    await expect(did.update(patches)).rejects.toMatchObject({ code: 'DELTA_TOO_LARGE' })
    const request = (await did.update([addService('a')])) as Extract<OperationRequest, { type: 'update' }>
    const body = changed(request, { delta: { ...request.delta, patches } })
    const error: unknown = await node.submit(body).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'DELTA_TOO_LARGE' })
    expect(String(error)).toMatch(/\d{4}/)
  })
})
