import {
  IonDid,
  IonKey,
  type IonPublicKeyModel,
  IonPublicKeyPurpose,
  IonRequest,
  type IonServiceModel,
  type JwkEs256k,
  LocalSigner,
} from '@decentralized-identity/ion-sdk'

/** A body for the operations endpoint, as ion-sdk makes it. */
export type IonSdkRequest = object

type KeyPair = [publicKey: JwkEs256k, privateKey: JwkEs256k]

/**
 * The life of a DID whose operations @decentralized-identity/ion-sdk 1.0.4 makes, so that none of this project's
 * code has a hand in them. Each method gives the request for the next operation and expects it to be applied.
 */
export class IonSdkDid {
  readonly suffix: string
  /** The request that creates the DID. */
  readonly create: IonSdkRequest
  /** With the prefix that ion-sdk gives it, `did:ion:`. */
  readonly longForm: string
  #update: KeyPair
  #recovery: KeyPair

  private constructor(
    made: { suffix: string; create: IonSdkRequest; longForm: string },
    update: KeyPair,
    recovery: KeyPair,
  ) {
    this.suffix = made.suffix
    this.create = made.create
    this.longForm = made.longForm
    this.#update = update
    this.#recovery = recovery
  }

  /** A new DID with one key and the services. */
  static async new(keyId: string, services: IonServiceModel[] = []): Promise<IonSdkDid> {
    const [update, recovery] = [await newPair(), await newPair()]
    const input = {
      recoveryKey: recovery[0],
      updateKey: update[0],
      document: { publicKeys: [await documentKey(keyId)], services },
    }
    const create = await IonRequest.createCreateRequest(input)
    const longForm = await IonDid.createLongFormDid(input)
    const suffix = longForm.split(':')[2] ?? ''
    return new IonSdkDid({ suffix, create, longForm }, update, recovery)
  }

  /** Adds and removes keys and services. */
  async update(change: {
    addKeys?: string[]
    removeKeys?: string[]
    addServices?: IonServiceModel[]
    removeServices?: string[]
  }): Promise<IonSdkRequest> {
    const [[publicKey, privateKey], next] = [this.#update, await newPair()]
    const request = await IonRequest.createUpdateRequest({
      didSuffix: this.suffix,
      updatePublicKey: publicKey,
      nextUpdatePublicKey: next[0],
      signer: LocalSigner.create(privateKey),
      publicKeysToAdd: await Promise.all((change.addKeys ?? []).map(documentKey)),
      idsOfPublicKeysToRemove: change.removeKeys ?? [],
      servicesToAdd: change.addServices ?? [],
      idsOfServicesToRemove: change.removeServices ?? [],
    })
    this.#update = next
    return request
  }

  /** Puts a document with one key in place of what there is. */
  async recover(keyId: string): Promise<IonSdkRequest> {
    const [publicKey, privateKey] = this.#recovery
    const [nextUpdate, nextRecovery] = [await newPair(), await newPair()]
    const request = await IonRequest.createRecoverRequest({
      didSuffix: this.suffix,
      recoveryPublicKey: publicKey,
      nextRecoveryPublicKey: nextRecovery[0],
      nextUpdatePublicKey: nextUpdate[0],
      document: { publicKeys: [await documentKey(keyId)] },
      signer: LocalSigner.create(privateKey),
    })
    this.#update = nextUpdate
    this.#recovery = nextRecovery
    return request
  }

  async deactivate(): Promise<IonSdkRequest> {
    const [publicKey, privateKey] = this.#recovery
    return IonRequest.createDeactivateRequest({
      didSuffix: this.suffix,
      recoveryPublicKey: publicKey,
      signer: LocalSigner.create(privateKey),
    })
  }
}

function newPair(): Promise<KeyPair> {
  return IonKey.generateEs256kOperationKeyPair()
}

async function documentKey(id: string): Promise<IonPublicKeyModel> {
  const [key] = await IonKey.generateEs256kDidDocumentKeyPair({
    id,
    purposes: [IonPublicKeyPurpose.Authentication],
  })
  return key
}
