import type { FastifyBaseLogger } from 'fastify'
import type { SubmissionParts } from '../api/parts.ts'
import type { ContentStore } from '../content/types.ts'
import type { TransparencyLog } from '../ledger/log/transparency-log.ts'
import type { NoteSigner } from '../merkle/signing-key.ts'
import type { BatchAdmission } from '../node/admission.ts'
import { maxSubmissionBytes, type SubmissionEvent, Submissions } from '../node/submissions.ts'
import { PROTOCOL_VERSIONS } from '../sidetree/parameters.ts'
import type { Store } from '../store/store.ts'
import type { DataFolder } from './data-folder.ts'
import type { Settings } from './settings.ts'
import { WriterFiles } from './writers.ts'

/** Who anchors, in the words of the embedded log: the node that it is part of. */
export const WRITER = 'local'

/** The writers of the log in a folder. */
export function writersIn(folder: DataFolder): WriterFiles {
  return new WriterFiles(folder.writers, [WRITER])
}

/** Takes batches of writers on other machines for a log of this node's own. */
export function submissionsTo(
  own: { log: TransparencyLog; store: Store; signer: NoteSigner; admission: BatchAdmission },
  parts: {
    settings: Settings
    folder: DataFolder
    content: ContentStore
    logger: FastifyBaseLogger | undefined
  },
): SubmissionParts & Pick<Submissions, 'start' | 'stop'> {
  const { settings, folder, content, logger } = parts
  const versions = PROTOCOL_VERSIONS[settings.protocol]
  const submissions = new Submissions({
    ...own,
    content,
    versions,
    origin: own.signer.verifier.name,
    deadlineSeconds: settings['submissions.deadlineSeconds'],
    now: Date.now,
    ...(logger === undefined ? {} : { onEvent: event => logSubmission(logger, event) }),
  })
  return {
    submit: (entry, car) => submissions.submit(entry, car),
    start: () => submissions.start(),
    stop: () => submissions.stop(),
    writers: writersIn(folder),
    maxBytes: Math.max(...versions.map(maxSubmissionBytes)),
  }
}

function logSubmission(logger: FastifyBaseLogger, event: SubmissionEvent): void {
  const { type, error, ...details } = { error: undefined, ...event }
  if (type === 'promised') logger.info(details, 'a leaf is promised to a writer')
  else if (type === 'kept') logger.info(details, 'a leaf that was promised is on the log')
  else
    logger.error({ ...details, err: error }, 'a leaf that is promised could not be made; it is tried again')
}
