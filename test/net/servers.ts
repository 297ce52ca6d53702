import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer as createHttp, type RequestListener, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A server on a free port of 127.0.0.1. */
export interface LocalServer {
  /** Its origin, with the host name `localhost`. */
  origin: string
  port: number
  close(): Promise<void>
}

/** Serves plain HTTP. */
export function serveHttp(listener: RequestListener): Promise<LocalServer> {
  return listen(createHttp(listener), 'http')
}

/** Serves HTTPS with a certificate of {@link selfSigned}. */
export function serveHttps(identity: TlsIdentity, listener: RequestListener): Promise<LocalServer> {
  return listen(createHttps({ key: identity.key, cert: identity.cert }, listener), 'https')
}

async function listen(server: Server, scheme: string): Promise<LocalServer> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `${scheme}://localhost:${port}`,
    port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface TlsIdentity {
  key: string
  cert: string
}

/** A P-256 key with a certificate that it signed itself, for one DNS name (RFC 5280 section 4.1). */
export function selfSigned(dnsName: string): TlsIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cert = certificate(dnsName, privateKey, publicKey)
  const lines = cert.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}

function certificate(dnsName: string, privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'))
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(dnsName)))))
  const altName = der(0x30, der(0x82, Buffer.from(dnsName)))
  const extensions = der(
    0x30,
    der(0x30, oid('551d11'), der(0x04, altName)),
    der(0x30, oid('551d13'), der(0x04, der(0x30, der(0x01, Buffer.from([0xff]))))),
  )
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    der(0x30, der(0x18, Buffer.from('20200101000000Z')), der(0x18, Buffer.from('20991231235959Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = sign('sha256', body, privateKey)
  return der(0x30, body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length = content.length
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}
