import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodedMultihash } from '../../src/codec/multihash.ts'
import {
  ANY_OPENED,
  decodeOpened,
  encodeOpened,
  mayBeOpened,
  NONE_OPENED,
  withOpened,
} from '../../src/node/opened-commitments.ts'

const commitment = fc.oneof(
  fc.nat().map(n => encodedMultihash(`${n}`)),
  fc.string(),
)

describe('opened commitments', () => {
  it('never says no to a commitment that is opened, also after a record was written and read', () => {
    fc.assert(
      fc.property(fc.array(commitment, { maxLength: 60 }), commitments => {
        const opened = commitments.reduce(withOpened, NONE_OPENED)
        const read = decodeOpened(encodeOpened(opened))
        for (const one of commitments) {
          expect(mayBeOpened(opened, one)).toBe(true)
          expect(mayBeOpened(read, one)).toBe(true)
        }
      }),
    )
  })

  it('says no to nearly all others while they are few', () => {
    const opened = Array.from({ length: 20 }, (_, i) => encodedMultihash(`in ${i}`)).reduce(
      withOpened,
      NONE_OPENED,
    )
    const others = Array.from({ length: 2_000 }, (_, i) => encodedMultihash(`out ${i}`))
    expect(others.filter(other => mayBeOpened(opened, other)).length).toBeLessThan(20)
  })

  it('a create opens none; what is not known may be anything', () => {
    expect(withOpened(NONE_OPENED, undefined)).toBe(NONE_OPENED)
    expect(encodeOpened(NONE_OPENED)).toBe('')
    fc.assert(
      fc.property(fc.string(), text => {
        expect(mayBeOpened(NONE_OPENED, text)).toBe(false)
        expect(mayBeOpened(decodeOpened(encodeOpened(ANY_OPENED)), text)).toBe(true)
      }),
    )
  })
})
