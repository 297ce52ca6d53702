import type { JsonObject, JsonValue } from '../codec/json.ts'
import { isJsonObject } from '../codec/json.ts'
import { validateId, validatePublicKeys, validateServices, validateUris } from './entries.ts'
import { SidetreeError } from './errors.ts'
import { MAX_JSON_DEPTH, requireArray, requireMembers, requireObject } from './input.ts'
import { applyJsonPatch, validateJsonPatch } from './json-patch.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { DocumentState, Patch } from './types.ts'

/**
 * Checks the patches of a delta (Sidetree v1, DID State Patches).
 * @throws SidetreeError PATCHES_INVALID, PATCH_*, PUBLIC_KEY*, SERVICE*, ENTRY_ID_*
 */
export function validatePatches(value: JsonValue | undefined, params: ProtocolParameters): Patch[] {
  const patches = requireArray(value, 'PATCHES_INVALID', 'patches')
  for (const patch of patches) {
    validatePatch(requireObject(patch, 'PATCHES_INVALID', 'a patch'), params)
  }
  return patches as unknown as Patch[]
}

function validatePatch(patch: JsonObject, params: ProtocolParameters): void {
  const action = params.patchActions.find(known => known === patch['action'])
  switch (action) {
    case 'replace':
      validateReplace(patch, params)
      break
    case 'add-public-keys':
      requirePatchMembers(patch, 'publicKeys')
      validatePublicKeys(patch['publicKeys'], params)
      break
    case 'add-services':
      requirePatchMembers(patch, 'services')
      validateServices(patch['services'], params)
      break
    case 'remove-public-keys':
    case 'remove-services':
      requirePatchMembers(patch, 'ids')
      for (const id of requireArray(patch['ids'], 'PATCH_IDS_INVALID', 'ids')) validateId(id)
      break
    case 'add-also-known-as':
    case 'remove-also-known-as':
      requirePatchMembers(patch, 'uris')
      validateUris(patch['uris'])
      break
    case 'ietf-json-patch':
      requirePatchMembers(patch, 'patches')
      validateJsonPatch(patch['patches'])
      break
    case undefined:
      throw new SidetreeError(
        'PATCH_ACTION_UNKNOWN',
        `action of a patch must be one of ${params.patchActions.join(', ')}`,
      )
  }
}

function requirePatchMembers(patch: JsonObject, name: string): void {
  requireMembers(patch, ['action', name], [], 'PATCH_MEMBERS_INVALID', 'a patch')
}

function validateReplace(patch: JsonObject, params: ProtocolParameters): void {
  const { looseReplacePatch } = params.lenient
  if (!looseReplacePatch) requirePatchMembers(patch, 'document')
  const document = patch['document']
  if (looseReplacePatch && Array.isArray(document) && document.length === 0) return
  validateDocument(document, ['publicKeys', 'services'], params)
}

function validateDocument(
  value: JsonValue | undefined,
  members: readonly string[],
  params: ProtocolParameters,
): void {
  const document = requireObject(value, 'PATCH_DOCUMENT_INVALID', 'document')
  requireMembers(document, [], members, 'PATCH_DOCUMENT_INVALID', 'document')
  if (document['publicKeys'] !== undefined) validatePublicKeys(document['publicKeys'], params)
  if (document['services'] !== undefined) validateServices(document['services'], params)
  if (document['alsoKnownAs'] !== undefined) validateUris(document['alsoKnownAs'])
}

/**
 * The document that valid patches make of another, which is left as it was. An entry with an id that exists takes
 * its place in the list; removing what does not exist succeeds.
 * @throws SidetreeError PATCH_FAILED where a JSON patch does not apply or leaves no valid document; no other patch
 * can fail
 */
export function applyPatches(
  document: DocumentState,
  patches: readonly Patch[],
  params: ProtocolParameters,
): DocumentState {
  return patches.reduce<DocumentState>((state, patch) => applyPatch(state, patch, params), document)
}

function applyPatch(document: DocumentState, patch: Patch, params: ProtocolParameters): DocumentState {
  switch (patch.action) {
    case 'replace':
      // A copy, without the members of an array (which `looseReplacePatch` lets pass).
      return { ...patch.document }
    case 'add-public-keys':
      return { ...document, publicKeys: withEntries(document.publicKeys, patch.publicKeys) }
    case 'remove-public-keys':
      if (document.publicKeys === undefined) return document
      return { ...document, publicKeys: withoutIds(document.publicKeys, patch.ids) }
    case 'add-services':
      return { ...document, services: withEntries(document.services, patch.services) }
    case 'remove-services':
      if (document.services === undefined) return document
      return { ...document, services: withoutIds(document.services, patch.ids) }
    case 'add-also-known-as':
      return { ...document, alsoKnownAs: [...new Set([...(document.alsoKnownAs ?? []), ...patch.uris])] }
    case 'remove-also-known-as':
      if (document.alsoKnownAs === undefined) return document
      return { ...document, alsoKnownAs: document.alsoKnownAs.filter(uri => !patch.uris.includes(uri)) }
    case 'ietf-json-patch':
      return applyIetfJsonPatch(document, patch.patches, params)
  }
}

function withEntries<T extends { id: string }>(entries: readonly T[] = [], added: readonly T[]): T[] {
  const byId = new Map(entries.map(entry => [entry.id, entry]))
  for (const entry of added) byId.set(entry.id, entry)
  return [...byId.values()]
}

function withoutIds<T extends { id: string }>(entries: readonly T[], ids: readonly string[]): T[] {
  const removed = new Set(ids)
  return entries.filter(entry => !removed.has(entry.id))
}

/** The result must be a document that the other patches could have made. */
function applyIetfJsonPatch(
  document: DocumentState,
  patches: readonly JsonValue[],
  params: ProtocolParameters,
): DocumentState {
  const result = applyJsonPatch(document as unknown as JsonObject, patches)
  try {
    requireDepth(result, MAX_JSON_DEPTH)
    validateDocument(result, ['publicKeys', 'services', 'alsoKnownAs'], params)
  } catch (cause) {
    if (!(cause instanceof SidetreeError)) throw cause
    throw new SidetreeError(
      'PATCH_FAILED',
      `the JSON patch leaves no valid document: ${cause.message}`,
      cause,
    )
  }
  return result as unknown as DocumentState
}

function requireDepth(value: JsonValue, depth: number): void {
  if (!Array.isArray(value) && !isJsonObject(value)) return
  if (depth === 0) throw new SidetreeError('PATCH_FAILED', 'the document is nested too deep')
  for (const member of Object.values(value)) requireDepth(member, depth - 1)
}
