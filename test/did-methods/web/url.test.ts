import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DidError, type DidErrorCode } from '../../../did-methods/errors.ts'
import { didWebUrl } from '../../../did-methods/web/url.ts'

function codeOf(id: string): DidErrorCode | undefined {
  try {
    didWebUrl(id)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(DidError)
    return (error as DidError).code
  }
}

describe('didWebUrl', () => {
  it.each([
    ['w3c-ccg.github.io', 'https://w3c-ccg.github.io/.well-known/did.json'],
    ['w3c-ccg.github.io:user:alice', 'https://w3c-ccg.github.io/user/alice/did.json'],
    ['example.com%3A3000', 'https://example.com:3000/.well-known/did.json'],
    ['example.com%3A3000:user:alice', 'https://example.com:3000/user/alice/did.json'],
    ['example.com%3a443:a', 'https://example.com/a/did.json'],
    ['Example.COM', 'https://example.com/.well-known/did.json'],
    ['localhost%3A8443', 'https://localhost:8443/.well-known/did.json'],
    ['xn--bcher-kva.example', 'https://xn--bcher-kva.example/.well-known/did.json'],
    ['1a.example:a.b_c-d', 'https://1a.example/a.b_c-d/did.json'],
    ['example.com:%C3%A4:a%20b', 'https://example.com/%C3%A4/a%20b/did.json'],
    ['example.com:a%3Ab', 'https://example.com/a%3Ab/did.json'],
    ['example.com:...', 'https://example.com/.../did.json'],
  ])('%s is at %s', (id, url) => {
    expect(didWebUrl(id).href).toBe(url)
  })

  it.each([
    '',
    '.',
    'example..com',
    'example.com.',
    '-example.com',
    'example-.com',
    'exa_mple.com',
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    'a.1',
    '%5B%3A%3A1%5D',
    'user%40example.com',
    'user%3Apass%40example.com',
    'example.com%2Fevil',
    'example.com%3F',
    'example.com%23',
    'example.com%5C',
    'example.com%00',
    'example.com%3A',
    'example.com%3A0',
    'example.com%3A08',
    'example.com%3A65536',
    'example.com%3A1%3A2',
    'example.com%3Aa',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}aa`,
  ])('refuses the host %j', id => {
    expect(codeOf(id)).toBe('WEB_HOST_INVALID')
  })

  it.each([
    ':',
    ':a:',
    '::a',
    ':.',
    ':..',
    ':%2e%2E',
    ':.%2e:a',
    ':a%2Fb',
    ':a%2fb',
    ':a%5Cb',
    ':%00',
    ':a%0Ab',
    ':%7F',
    ':%FF',
    ':%C3',
  ])('refuses the path %j', path => {
    expect(codeOf(`example.com${path}`)).toBe('WEB_PATH_INVALID')
  })

  it('gives an https URL of exactly the host, port and path that the identifier names, or a DidError', () => {
    const part = fc.stringMatching(/^([A-Za-z0-9._-]|%[0-9A-Fa-f]{2}){0,8}$/)
    const id = fc.oneof(
      fc.array(part).map(parts => parts.join(':')),
      fc.array(part).map(parts => ['example.com', ...parts].join(':')),
      fc.tuple(fc.domain(), fc.nat(70_000), part).map(([host, port, path]) => `${host}%3A${port}:${path}`),
    )
    fc.assert(
      fc.property(id, text => {
        if (codeOf(text) !== undefined) return
        const url = didWebUrl(text)
        const [host = '', ...segments] = text.split(':')
        const port = url.port === '' ? 443 : Number(url.port)
        expect(url.protocol + url.username + url.password + url.search + url.hash).toBe('https:')
        expect([url.hostname, `${url.hostname}%3a${port}`]).toContain(host.toLowerCase())
        const path = segments.length === 0 ? '/.well-known/did.json' : `/${segments.join('/')}/did.json`
        expect(url.pathname).toBe(path)
      }),
    )
  })
})
