import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { cidText, cidV0OfDigest, DAG_PB, parseCid, RAW } from '../../src/codec/cid.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { fileBlocks, walkFile } from '../../src/codec/unixfs.ts'

/** What can be wrong with a Kubo node. */
export type KuboFault =
  /** It never answers. */
  | 'hanging'
  /** It sends bytes without end, or answers without end. */
  | 'endless'
  /** It changes a bit of each block. */
  | 'lying'
  /** It stores what it is given under another CID. */
  | 'other CID'
  /** It answers every call with an error of its own. */
  | 'failing'
  /** Its disk is full. */
  | 'full'
  /** It answers with what is neither a block nor JSON. */
  | 'nonsense'
  /** It closes the connection in the middle of an answer. */
  | 'breaking'

/**
 * The calls of Kubo's RPC that are used here, over blocks in memory, as its reference documents them. `network` are the
 * blocks that other nodes have: given, and kept, unless the call says `offline`.
 */
export class KuboServer {
  /** Calls with their query, in order. */
  readonly asked: string[] = []
  /** By multihash, as Kubo keeps them. */
  readonly held = new Map<string, Uint8Array>()
  readonly network = new Map<string, Uint8Array>()
  readonly pins = new Set<string>()
  peerId = '12D3KooWF8QhuUvPoyUDaBsWqfSYFzNoHgf3r2DeQJqXhDHg1932'
  fault: KuboFault | undefined
  /** It takes so long for each answer. */
  delayMs = 0
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(error => refuse(response, String(error)))
  })

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Lets another node have a file. */
  async publish(file: Uint8Array): Promise<string> {
    const { root, blocks } = await fileBlocks(file)
    for (const { cid, bytes } of blocks) this.network.set(keyOf(cid), bytes)
    return cidText(root)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://kubo')
    this.asked.push(`${pathname}${searchParams.size > 0 ? '?' : ''}${searchParams}`)
    if (request.method !== 'POST') {
      response.writeHead(405).end()
      return
    }
    const body = await buffer(request)
    if (this.delayMs > 0) await setTimeout(this.delayMs)
    if (this.#failed(response)) return
    const call = pathname.replace('/api/v0/', '')
    if (call === 'id')
      return json(response, { ID: this.peerId, AgentVersion: 'kubo/0.0.0-test', Addresses: [] })
    if (call === 'add') return this.#add(request, body, searchParams, response)
    if (call === 'block/put') return this.#put(await upload(request, body), response)
    const cid = parseCid(searchParams.get('arg') ?? '')
    if (call === 'block/get') return this.#get(cid, searchParams, response)
    if (call === 'pin/add') return this.#pin(cid, response)
    if (call === 'pin/ls') {
      const text = cidText(cid)
      const pin = { Type: 'recursive', Name: '' }
      const stream = searchParams.get('stream') === 'true'
      if (this.pins.has(text))
        return json(response, stream ? { Cid: text, ...pin } : { Keys: { [text]: pin } })
      return refuse(response, `path '/ipfs/${text}' is not pinned`)
    }
    response.writeHead(404).end()
  }

  /** Faults that are the same for every call. */
  #failed(response: ServerResponse): boolean {
    switch (this.fault) {
      case 'hanging':
        return true
      case 'failing':
        refuse(response, 'lock /data/repo.lock: someone else has the lock')
        return true
      case 'nonsense':
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"ID":')
        return true
      case 'breaking':
        response.writeHead(200, { 'content-length': '1000' }).write('{')
        setImmediate(() => response.destroy())
        return true
      case 'endless': {
        response.writeHead(200)
        const send = () => {
          while (response.write(LINES));
        }
        response.on('drain', send)
        send()
        return true
      }
      default:
        return false
    }
  }

  async #add(
    request: IncomingMessage,
    body: Uint8Array<ArrayBuffer>,
    query: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    if (this.fault === 'full') return refuse(response, FULL)
    for (const [name, value] of Object.entries(LAYOUT)) {
      if (query.get(name) !== value) return refuse(response, `${name} is not ${value}`)
    }
    const { root, blocks } = await fileBlocks(await upload(request, body))
    for (const { cid, bytes } of blocks) this.held.set(keyOf(cid), bytes)
    this.pins.add(cidText(root))
    const shown = this.fault === 'other CID' ? OTHER_CID : cidText(root)
    json(response, { Name: shown, Hash: shown, Size: String(body.length) })
  }

  #put(block: Uint8Array, response: ServerResponse): void {
    if (this.fault === 'full') {
      refuse(response, FULL)
      return
    }
    const cid = CID.createV1(RAW, cidV0OfDigest(sha256(block)).multihash)
    this.held.set(keyOf(cid), block)
    json(response, { Key: cidText(cid), Size: block.length })
  }

  #get(cid: CID, query: URLSearchParams, response: ServerResponse): void {
    const offline = query.get('offline') === 'true'
    const block = this.#find(cid, offline)
    if (block === undefined) {
      const message = offline ? 'block was not found locally (offline): ipld: could not find it' : 'timed out'
      refuse(response, message)
      return
    }
    const sent = Buffer.from(block)
    if (this.fault === 'lying') sent.writeUInt8(sent.readUInt8(0) ^ 1)
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(sent)
  }

  async #pin(cid: CID, response: ServerResponse): Promise<void> {
    const getBlock = async (each: CID) => this.#find(each, false) ?? new Uint8Array()
    for await (const block of walkFile(cid, getBlock, { maxBytes: 1 << 30 })) {
      this.held.set(keyOf(block.cid), block.bytes)
    }
    this.pins.add(cidText(cid.code === DAG_PB ? cid.toV0() : cid))
    json(response, { Pins: [cidText(cid)] })
  }

  #find(cid: CID, offline: boolean): Uint8Array | undefined {
    return this.held.get(keyOf(cid)) ?? (offline ? undefined : this.network.get(keyOf(cid)))
  }
}

const FULL = 'write /data/blocks/x: no space left on device'
const OTHER_CID = 'QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51'
/** What Kubo must be told, since its defaults can be configured. */
const LAYOUT = {
  'cid-version': '0',
  'raw-leaves': 'false',
  trickle: 'false',
  chunker: 'size-262144',
  pin: 'true',
}
const LINES = Buffer.from('{"Name":"x","Bytes":1}\n'.repeat(4000))

/** The one file of a form, which Node.js reads and the client wrote in its own way (RFC 7578). */
async function upload(request: IncomingMessage, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const type = request.headers['content-type'] ?? ''
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  for (const file of form.values()) if (typeof file !== 'string') return await file.bytes()
  throw new TypeError('a form without a file')
}

function keyOf(cid: CID): string {
  return Buffer.from(cid.multihash.bytes).toString('hex')
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`)
}

/** An error of Kubo's RPC: status 500, and words. */
function refuse(response: ServerResponse, message: string): void {
  if (response.headersSent) response.destroy()
  else {
    response.writeHead(500, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ Message: message, Code: 0, Type: 'error' }))
  }
}
