import type { JsonObject, JsonValue } from '../../codec/json.ts'
import { SidetreeError } from '../errors.ts'
import { requireString } from '../input.ts'
import type { ProtocolParameters } from '../parameters.ts'
import { requireSignedDataForm, type SignedDataForm } from '../signed-data.ts'
import { requireEntry } from './references.ts'

/**
 * Whether reading a provisional proof file checks the form of each signed data, which the file's validity depends on. Who
 * `defer`s it finds out when the signatures are verified, and saves reading each signed data twice.
 */
export type FormCheck = 'check' | 'defer'

/**
 * The signed data of one list of a proof file.
 * @param suffixes of the DIDs that the list is about, in order, where the signed data names its DID (deactivates)
 * @throws SidetreeError FILE_ENTRY_INVALID and the codes of the form of signed data
 */
export function parseProofs(
  list: readonly JsonValue[],
  type: 'update' | 'recover' | 'deactivate',
  suffixes: readonly string[],
  params: ProtocolParameters,
  form: FormCheck = 'check',
): string[] {
  return list.map((item, i) => {
    const entry = requireEntry(item, ['signedData'], `${type}[${i}]`)
    const signedData = requireString(entry['signedData'], 'SIGNED_DATA_INVALID', 'signedData')
    if (form === 'check') requireForm({ type, didSuffix: suffixes[i] ?? '', signedData }, i, params)
    return signedData
  })
}

function requireForm(input: SignedDataForm, index: number, params: ProtocolParameters): void {
  try {
    requireSignedDataForm(input, params)
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    throw new SidetreeError(error.code, `${input.type}[${index}]: ${error.message}`, error)
  }
}

/** The list that {@link parseProofs} reads. */
export function writeProofs(signedData: readonly string[]): JsonObject[] {
  return signedData.map(jws => ({ signedData: jws }))
}
