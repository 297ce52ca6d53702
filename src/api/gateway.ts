import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type CID, cidText } from '../codec/cid.ts'
import { writeCar } from '../content/car.ts'
import { parseContentCid } from '../content/read.ts'
import type { BlockSource } from '../content/types.ts'
import { chooseType, parametersOf } from './accept.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import type { Gate } from './gate.ts'
import type { ApiLimits } from './parts.ts'
import { hasIt, IMMUTABLE } from './respond.ts'
import { BINARY, documented, problems, withoutBody } from './schemas.ts'

const RAW = 'application/vnd.ipld.raw'
const CAR = 'application/vnd.ipld.car'
const CAR_CONTENT_TYPE = `${CAR}; version=1; order=dfs; dups=n`

/** The identity CID by which clients probe for a gateway, and its CAR: a header that names it, and no block. */
const PROBE = 'bafkqaaa'
const PROBE_CAR = Buffer.from('19a265726f6f747381d82a4500015500006776657273696f6e01', 'hex')

export interface GatewayParts {
  content: BlockSource
  downloads: Gate
  limits: ApiLimits
}

/** Query parameters of a CAR request: those that change nothing here, and by what other value they are refused. */
const CAR_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'dag-scope': ['all', 'entity'],
  'car-version': ['1'],
  'car-order': ['dfs', 'unk'],
  'car-dups': ['n'],
}

interface Query {
  format?: string | undefined
  [name: string]: string | undefined
}

/** Blocks and files by content address, for clients that check them (IPFS, Trustless Gateway Specification). */
export function gatewayRoutes(app: ApiServer, parts: GatewayParts): void {
  app.get(
    '/ipfs/:cid',
    {
      schema: {
        operationId: 'getContent',
        summary: 'Content by its address, as a block or a CAR',
        description: 'Trustless gateway: the client checks every block against its CID.',
        tags: ['content'],
        params: Type.Object({ cid: Type.String({ description: 'CID, version 0 or 1.' }) }),
        querystring: Type.Object(
          {
            format: Type.Optional(
              Type.Enum(['raw', 'car'], { description: 'In place of the header Accept.' }),
            ),
          },
          { additionalProperties: Type.String() },
        ),
        response: {
          200: {
            description: 'One block, or a file as a CAR of version 1.',
            content: { ...documented('', BINARY, RAW, CAR).content },
          },
          304: withoutBody('The client has it.'),
          ...problems(404, 406),
        },
      },
    },
    async (request, reply) => {
      const { cid } = request.params
      const format = formatOf(request, request.query)
      if (cid !== PROBE) parseContentCid(cid)
      if (hasIt(request.raw.headers['if-none-match'], etagOf(cid, format))) {
        return describe(reply, cid, format).code(304).send()
      }
      if (cid === PROBE)
        return describe(reply, cid, format).send(format === 'car' ? PROBE_CAR : Buffer.alloc(0))
      const exchange = { request, reply }
      return format === 'car' ? sendCar(cid, exchange, parts) : sendBlock(cid, exchange, parts)
    },
  )
}

type Format = 'raw' | 'car'

interface Exchange {
  request: FastifyRequest
  reply: FastifyReply
}

function etagOf(cid: string, format: Format): string {
  return format === 'car' ? `W/"${cid}.car"` : `"${cid}.raw"`
}

/** Sets what a client is told of the content: once it is there. */
function describe(reply: FastifyReply, cid: string, format: Format): FastifyReply {
  return reply
    .header('content-type', format === 'car' ? CAR_CONTENT_TYPE : RAW)
    .header('content-disposition', `attachment; filename="${cid}.${format === 'car' ? 'car' : 'bin'}"`)
    .header('content-location', `/ipfs/${cid}?format=${format}`)
    .header('etag', etagOf(cid, format))
    .header('cache-control', IMMUTABLE)
    .header('vary', 'accept')
}

/** @throws ApiError GATEWAY_FORMAT_MISSING, GATEWAY_OPTION_UNSUPPORTED, NOT_ACCEPTABLE */
function formatOf(request: FastifyRequest, query: Query): Format {
  const { accept } = request.raw.headers
  if (query.format === undefined && accept === undefined) {
    throw new ApiError(
      'GATEWAY_FORMAT_MISSING',
      `add ?format=raw or car, or the header Accept with ${RAW} or ${CAR}`,
    )
  }
  const type =
    query.format === undefined ? chooseType(accept, [RAW, CAR]) : query.format === 'car' ? CAR : RAW
  if (type === undefined) throw new ApiError('NOT_ACCEPTABLE', `content is given as ${RAW} and ${CAR}`)
  if (type === RAW) return 'raw'
  checkCarOptions(query, parametersOf(accept, CAR) ?? new Map())
  return 'car'
}

function checkCarOptions(query: Query, inAccept: ReadonlyMap<string, string>): void {
  const unsupported = (option: string) =>
    new ApiError('GATEWAY_OPTION_UNSUPPORTED', `${option} is not supported with this value`)
  if (query['entity-bytes'] !== undefined) throw unsupported('entity-bytes')
  for (const [name, values] of Object.entries(CAR_OPTIONS)) {
    const value = query[name] ?? inAccept.get(name.replace(/^car-/, ''))
    if (value !== undefined && !values.includes(value)) throw unsupported(name)
  }
}

async function sendBlock(
  cid: string,
  { request, reply }: Exchange,
  { content, downloads, limits }: GatewayParts,
): Promise<FastifyReply> {
  const signal = request.signal
  const block = await downloads.run(() => content.block(cid, { maxBytes: limits.blockBytes, signal }))
  return describe(reply, cid, 'raw').send(Buffer.from(block.buffer, block.byteOffset, block.byteLength))
}

/** The first part is read before anything is sent, so that a file that is not here is a 404. */
async function sendCar(
  cid: string,
  { request, reply }: Exchange,
  { content, downloads, limits }: GatewayParts,
): Promise<FastifyReply> {
  const { fileBytes, blockBytes } = limits
  const signal = request.signal
  const getBlock = (link: CID) => content.block(cidText(link), { maxBytes: blockBytes, signal })
  const leave = downloads.enter()
  try {
    const parts = writeCar(cid, getBlock, { maxBytes: fileBytes, signal })
    const first = await parts.next()
    describe(reply, cid, 'car')
    if (first.done === true || request.method === 'HEAD') {
      await parts.return(undefined)
      leave()
      return reply.send(Buffer.alloc(0))
    }
    const stream = Readable.from(prepended(first.value, parts, leave), { objectMode: false })
    // Also if it is never read.
    stream.once('close', leave)
    return reply.send(stream)
  } catch (error) {
    leave()
    throw error
  }
}

async function* prepended(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
  done: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield first
    yield* rest
  } finally {
    await rest.return(undefined)
    done()
  }
}
