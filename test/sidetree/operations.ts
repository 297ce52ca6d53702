import { createECDH } from 'node:crypto'
import { sha256 } from '../../src/codec/hash.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { PrivateJwk, PublicJwk, Signer } from '../../src/keys/types.ts'
import { checkOperation } from '../../src/sidetree/check.ts'
import {
  ION_MAINNET,
  type ProtocolParameters,
  type ProtocolVersions,
  ROOTLINE,
} from '../../src/sidetree/parameters.ts'
import { parseRequest } from '../../src/sidetree/request.ts'
import type { PositionedOperation } from '../../src/sidetree/resolution.ts'
import type {
  AnchoredOperation,
  CheckedOperation,
  Delta,
  OperationPosition,
  OperationRequest,
  PublicKeyEntry,
  ServiceEntry,
} from '../../src/sidetree/types.ts'

/** ION's rules from the first ledger time on, for histories that begin at time 1. */
export const ION: ProtocolParameters = { ...ION_MAINNET, genesisTime: 0 }
export const ION_VERSIONS: ProtocolVersions = [ION]
export const ROOTLINE_VERSIONS: ProtocolVersions = [ROOTLINE]

const keys = new Map<string, PrivateJwk>()

/** A secp256k1 key that is the same in every run, made of a public name: for tests only. */
export function privateKey(name: string): PrivateJwk {
  const known = keys.get(name)
  if (known !== undefined) return known
  const ecdh = createECDH('secp256k1')
  const d = sha256(`rootline-test-key-${name}`)
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey()
  const key: PrivateJwk = {
    kty: 'EC',
    crv: 'secp256k1',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: d.toString('base64url'),
  }
  keys.set(name, key)
  return key
}

export function publicKey(name: string): PublicJwk {
  const { d: _, ...jwk } = privateKey(name)
  return jwk
}

export function signer(name: string): Signer {
  return signerFromJwk(privateKey(name))
}

/** A key entry of a document. */
export function keyEntry(id: string): PublicKeyEntry {
  return {
    id,
    type: 'JsonWebKey2020',
    publicKeyJwk: { ...publicKey(id) },
    purposes: ['authentication'],
  }
}

export function serviceEntry(id: string): ServiceEntry {
  return { id, type: 'T', serviceEndpoint: `https://example.com/${id}` }
}

export function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** The operation of a request as a batch that gives every part of it would have it, unchecked. */
export function anchoredFrom(request: OperationRequest, didSuffix: string): AnchoredOperation {
  const { type } = request
  const base: AnchoredOperation = { type, didSuffix }
  if ('suffixData' in request) base.suffixData = request.suffixData
  if ('revealValue' in request) base.revealValue = request.revealValue
  if ('signedData' in request) base.signedData = request.signedData
  const delta: Delta | undefined = 'delta' in request ? request.delta : undefined
  if (delta !== undefined) base.delta = delta
  return base
}

/** A valid request as the checked operation that it becomes. */
export function checked(request: OperationRequest, params: ProtocolParameters = ROOTLINE): CheckedOperation {
  return checkOperation(parseRequest(bytesOf(request), params).operation, params)
}

/** The place of an operation that is alone in its transaction, whose number is also its time. */
export function at(transactionNumber: number): OperationPosition {
  return {
    transactionNumber,
    operationIndex: 0,
    transactionTime: transactionNumber,
    timestamp: transactionNumber,
  }
}

export function positioned(operation: CheckedOperation, transactionNumber: number): PositionedOperation {
  return { operation, position: at(transactionNumber) }
}
