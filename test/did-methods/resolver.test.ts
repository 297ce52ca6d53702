import { Resolver } from 'did-resolver'
import { expect, it } from 'vitest'
import { jwkDriver } from '../../did-methods/jwk/driver.ts'
import { keyDriver } from '../../did-methods/key/driver.ts'
import { createDidResolver } from '../../did-methods/resolver.ts'
import { expectFailure } from './resolve.ts'

const DID = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'

it('finds the driver of the method', async () => {
  const resolver = createDidResolver(keyDriver(), jwkDriver())
  expect((await resolver.resolve(DID)).didDocument?.id).toBe(DID)
  expect(
    (await resolver.resolve(`${DID}#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK`)).didDocument?.id,
  ).toBe(DID)
})

it.each(['did:constructor:x', 'did:unknown:x', 'did:valueof:x'])('knows no method of %s', async did => {
  expectFailure(await createDidResolver(keyDriver()).resolve(did), 'DID_METHOD_UNSUPPORTED')
})

it.each(['', 'x', 'did:key', 'did:key:a?b=%ff'])('takes %j for an invalid DID', async did => {
  expectFailure(await createDidResolver(keyDriver()).resolve(did), 'DID_INVALID')
})

it('the drivers serve the resolver of did-resolver too', async () => {
  expect((await new Resolver({ ...keyDriver(), ...jwkDriver() }).resolve(DID)).didDocument?.id).toBe(DID)
})
