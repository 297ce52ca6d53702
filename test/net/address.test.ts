import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AddressKind, classifyAddress } from '../../src/net/address.ts'

const TABLE: [string, AddressKind][] = [
  ['0.0.0.0', 'unspecified'],
  ['0.255.255.255', 'unspecified'],
  ['1.0.0.0', 'public'],
  ['9.255.255.255', 'public'],
  ['10.0.0.0', 'private'],
  ['10.255.255.255', 'private'],
  ['11.0.0.0', 'public'],
  ['100.63.255.255', 'public'],
  ['100.64.0.0', 'shared'],
  ['100.127.255.255', 'shared'],
  ['100.128.0.0', 'public'],
  ['126.255.255.255', 'public'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.255', 'loopback'],
  ['128.0.0.0', 'public'],
  ['169.253.255.255', 'public'],
  ['169.254.169.254', 'link-local'],
  ['169.255.0.0', 'public'],
  ['172.15.255.255', 'public'],
  ['172.16.0.0', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.0', 'public'],
  ['192.0.0.1', 'reserved'],
  ['192.0.1.0', 'public'],
  ['192.0.2.1', 'documentation'],
  ['192.88.99.1', 'reserved'],
  ['192.167.255.255', 'public'],
  ['192.168.0.0', 'private'],
  ['192.168.255.255', 'private'],
  ['192.169.0.0', 'public'],
  ['198.17.255.255', 'public'],
  ['198.18.0.0', 'reserved'],
  ['198.19.255.255', 'reserved'],
  ['198.20.0.0', 'public'],
  ['198.51.100.7', 'documentation'],
  ['203.0.113.7', 'documentation'],
  ['223.255.255.255', 'public'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['240.0.0.0', 'reserved'],
  ['255.255.255.255', 'reserved'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::2', 'embedded'],
  ['::7f00:1', 'embedded'],
  ['::ffff:127.0.0.1', 'embedded'],
  ['::ffff:8.8.8.8', 'embedded'],
  ['::ffff:7f00:1', 'embedded'],
  ['64:ff9b::7f00:1', 'embedded'],
  ['64:ff9b::8.8.8.8', 'embedded'],
  ['64:ff9b:1::a00:1', 'embedded'],
  ['2002:7f00:1::', 'embedded'],
  ['2002:808:808::1', 'embedded'],
  ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'embedded'],
  ['100::1', 'reserved'],
  ['2001:20::1', 'reserved'],
  ['2001:200::1', 'public'],
  ['2001:db8::1', 'documentation'],
  ['3fff::1', 'documentation'],
  ['2606:4700:4700::1111', 'public'],
  ['4000::1', 'reserved'],
  ['5f00::1', 'reserved'],
  ['fc00::1', 'unique-local'],
  ['fdff::1', 'unique-local'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['2606:4700::1%eth0', 'link-local'],
  ['febf::1', 'link-local'],
  ['fec0::1', 'reserved'],
  ['ff02::1', 'multicast'],
]

describe('classifyAddress', () => {
  it.each(TABLE)('%s is %s', (address, kind) => {
    expect(classifyAddress(address)).toBe(kind)
  })

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '01.2.3.4', '::g', '[::1]', '1.2.3.4/8'])(
    '%j is not an address',
    text => {
      expect(() => classifyAddress(text)).toThrow(TypeError)
    },
  )

  it('calls an IPv4 address public only outside every special block, by arithmetic on its number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(0xffffffff), nearEdges()), number => {
        expect(classifyAddress(dotted(number)) === 'public').toBe(!isSpecial(number))
      }),
    )
  })

  it('never calls an IPv6 form that carries an IPv4 address public', () => {
    const prefixes = ['::ffff:', '::', '64:ff9b::', '64:ff9b:1::']
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.constantFrom(...prefixes), (number, prefix) => {
        const [high, low] = [(number >>> 16).toString(16), (number & 0xffff).toString(16)]
        expect(classifyAddress(prefix + dotted(number))).not.toBe('public')
        expect(classifyAddress(`${prefix}${high}:${low}`)).not.toBe('public')
        expect(classifyAddress(`2002:${high}:${low}::1`)).toBe('embedded')
      }),
    )
  })

  it('calls no IPv6 address outside 2000::/3 public', () => {
    fc.assert(
      fc.property(fc.ipV6(), address => {
        if (classifyAddress(address) !== 'public') return
        expect(new URL(`http://[${address}]/`).hostname).toMatch(/^\[[23][0-9a-f]{3}:/)
      }),
    )
  })
})

const SPECIAL: [number, number][] = (
  [
    [0x00000000, 8],
    [0x0a000000, 8],
    [0x64400000, 10],
    [0x7f000000, 8],
    [0xa9fe0000, 16],
    [0xac100000, 12],
    [0xc0000000, 24],
    [0xc0000200, 24],
    [0xc0586300, 24],
    [0xc0a80000, 16],
    [0xc6120000, 15],
    [0xc6336400, 24],
    [0xcb007100, 24],
    [0xe0000000, 3],
  ] as const
).map(([start, bits]) => [start, start + 2 ** (32 - bits) - 1])

function isSpecial(number: number): boolean {
  return SPECIAL.some(([first, last]) => number >= first && number <= last)
}

/** Numbers at the edges of the special blocks, which a uniform draw would hardly ever meet. */
function nearEdges(): fc.Arbitrary<number> {
  const edges = SPECIAL.flatMap(([first, last]) => [first - 1, first, last, last + 1])
  return fc.constantFrom(...edges.filter(edge => edge >= 0 && edge <= 0xffffffff))
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 0xff).join('.')
}
