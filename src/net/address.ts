import { BlockList, isIP } from 'node:net'

/** What an IP address is for (IANA special-purpose address registries, RFC 6890). */
export type AddressKind =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'link-local'
  | 'unique-local'
  | 'multicast'
  | 'documentation'
  | 'reserved'
  /** An IPv6 form that carries an IPv4 address: mapped, compatible, NAT64, 6to4, Teredo. */
  | 'embedded'

type Block = readonly [AddressKind, string]

/** IPv4 blocks that are not public. */
const IPV4: readonly Block[] = [
  ['unspecified', '0.0.0.0/8'],
  ['private', '10.0.0.0/8'],
  ['shared', '100.64.0.0/10'],
  ['loopback', '127.0.0.0/8'],
  ['link-local', '169.254.0.0/16'],
  ['private', '172.16.0.0/12'],
  ['reserved', '192.0.0.0/24'],
  ['documentation', '192.0.2.0/24'],
  ['reserved', '192.88.99.0/24'],
  ['private', '192.168.0.0/16'],
  ['reserved', '198.18.0.0/15'],
  ['documentation', '198.51.100.0/24'],
  ['documentation', '203.0.113.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['reserved', '240.0.0.0/4'],
]

/** IPv6 blocks, the first match counts; whatever none of them holds is reserved. */
const IPV6: readonly Block[] = [
  ['unspecified', '::/128'],
  ['loopback', '::1/128'],
  ['embedded', '::/96'],
  ['embedded', '::ffff:0:0/96'],
  ['embedded', '64:ff9b::/96'],
  ['embedded', '64:ff9b:1::/48'],
  ['embedded', '2001::/32'],
  ['reserved', '2001::/23'],
  ['documentation', '2001:db8::/32'],
  ['embedded', '2002::/16'],
  ['documentation', '3fff::/20'],
  ['public', '2000::/3'],
  ['unique-local', 'fc00::/7'],
  ['link-local', 'fe80::/10'],
  ['multicast', 'ff00::/8'],
]

// One list per block and none that holds both families: BlockList would apply either's blocks to mapped addresses.
const IPV4_LISTS = lists(IPV4, 'ipv4')
const IPV6_LISTS = lists(IPV6, 'ipv6')

/**
 * The kind of an IP address in text form.
 * @throws TypeError if `address` is not an IP address
 */
export function classifyAddress(address: string): AddressKind {
  const family = isIP(address)
  if (family === 0) throw new TypeError(`not an IP address: ${address}`)
  // A zone names an interface of this machine, so the address is never a public one (RFC 4007 section 11).
  if (address.includes('%')) return 'link-local'
  if (family === 4) return IPV4_LISTS.find(({ list }) => list.check(address, 'ipv4'))?.kind ?? 'public'
  return IPV6_LISTS.find(({ list }) => list.check(address, 'ipv6'))?.kind ?? 'reserved'
}

function lists(blocks: readonly Block[], family: 'ipv4' | 'ipv6'): { kind: AddressKind; list: BlockList }[] {
  return blocks.map(([kind, block]) => {
    const slash = block.lastIndexOf('/')
    const list = new BlockList()
    list.addSubnet(block.slice(0, slash), Number(block.slice(slash + 1)), family)
    return { kind, list }
  })
}
