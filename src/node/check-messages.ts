import type { SignedDataInput, SignedDataVerdict } from '../sidetree/check.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'

/** What a CheckPool sends to a worker. */
export interface CheckRequest {
  task: number
  inputs: PackedInputs
  params: ProtocolParameters
}

/** What comes back: verdicts in the order of the inputs. */
export interface CheckResponse {
  task: number
  verdicts: PackedVerdict[]
}

/** Inputs as lists of texts: to copy as many objects to another thread takes twice as long. */
export interface PackedInputs {
  types: SignedDataInput['type'][]
  didSuffixes: string[]
  revealValues: string[]
  signedData: string[]
}

/** The most usual verdict, on signed data that say nothing but the hash of a delta, is that hash alone. */
export type PackedVerdict = SignedDataVerdict | string

export function packInputs(inputs: SignedDataInput[]): PackedInputs {
  return {
    types: inputs.map(input => input.type),
    didSuffixes: inputs.map(input => input.didSuffix),
    revealValues: inputs.map(input => input.revealValue),
    signedData: inputs.map(input => input.signedData),
  }
}

export function unpackInputs({
  types,
  didSuffixes,
  revealValues,
  signedData,
}: PackedInputs): SignedDataInput[] {
  return types.map((type, i) => ({
    type,
    didSuffix: didSuffixes[i] as string,
    revealValue: revealValues[i] as string,
    signedData: signedData[i] as string,
  }))
}

export function packVerdict(verdict: SignedDataVerdict): PackedVerdict {
  if (!('data' in verdict)) return verdict
  const { deltaHash } = verdict.data
  for (const name in verdict.data) if (name !== 'deltaHash') return verdict
  return deltaHash ?? verdict
}

export function unpackVerdict(packed: PackedVerdict): SignedDataVerdict {
  return typeof packed === 'string' ? { data: { deltaHash: packed } } : packed
}
