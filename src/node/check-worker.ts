import { parentPort } from 'node:worker_threads'
import { checkSignedData } from '../sidetree/check.ts'
import { type CheckRequest, type CheckResponse, packVerdict, unpackInputs } from './check-messages.ts'

/** Thread of a CheckPool: a message in, the verdicts of its inputs out. */
parentPort?.on('message', ({ task, inputs, params }: CheckRequest) => {
  const verdicts = unpackInputs(inputs).map(input => packVerdict(checkSignedData(input, params)))
  parentPort?.postMessage({ task, verdicts } satisfies CheckResponse)
})
