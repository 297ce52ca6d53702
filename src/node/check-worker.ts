import { parentPort } from 'node:worker_threads'
import { checkSignedData } from '../sidetree/check.ts'
import type { CheckRequest, CheckResponse } from './check-pool.ts'

/** Thread of a CheckPool: a message in, the verdicts of its inputs out. */
parentPort?.on('message', ({ task, inputs, params }: CheckRequest) => {
  const response: CheckResponse = { task, verdicts: inputs.map(input => checkSignedData(input, params)) }
  parentPort?.postMessage(response)
})
