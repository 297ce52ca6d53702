import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CURVES } from './curves.ts'
import { KeyError } from './errors.ts'
import { parsePrivateJwk, publicJwkOf, thumbprint } from './jwk.ts'
import { makeKeystoreFolder, readKeystoreFile, withKeystoreLock, writeKeystoreFile } from './keystore-file.ts'
import { type KeyNotes, type StoredKey, sealKeys, unsealKeys } from './keystore-jwe.ts'
import { signerFromJwk } from './signer.ts'
import type { JwsAlgorithm, PrivateJwk, PublicJwk, Signer } from './types.ts'

/** A key of the keystore, without its private part. */
export interface KeyRecord extends KeyNotes {
  /** The RFC 7638 thumbprint. */
  kid: string
  publicJwk: PublicJwk
  algorithm: JwsAlgorithm
  /** When it was added: UTC, RFC 3339. */
  created: string
}

/** A key to add, with what its owner notes about it. */
export interface NewKey extends KeyNotes {
  jwk: PrivateJwk
}

/** How a keystore is kept. */
export interface KeystoreOptions {
  /** PBKDF2 iterations of what is written; default 600,000. A file that asks for over 2,000,000 is refused. */
  iterations?: number
  /** How long to wait for another writer, in milliseconds; default 10,000. */
  lockWaitMs?: number
  /** The time that `created` is taken from. */
  now?: () => Date
}

/** One state of the file, with the bytes that it was read from or written as. */
interface Snapshot {
  bytes: Buffer
  keys: readonly StoredKey[]
}

/**
 * Private keys in one file, encrypted with a passphrase and open to its owner only. Each change is on the disk
 * when its promise resolves, and applies to what the file holds then: changes by several processes never undo
 * one another. A key that an operation will need is added before the operation is sent, and the key that it
 * replaces is removed after it is known to be applied, so that no crash in between loses a key.
 */
export class Keystore {
  readonly path: string
  readonly #passphrase: Uint8Array
  readonly #options: Required<KeystoreOptions>
  #snapshot: Snapshot
  #lastChange: Promise<unknown> = Promise.resolve()

  private constructor(path: string, passphrase: Uint8Array, options: KeystoreOptions, snapshot: Snapshot) {
    this.path = path
    this.#passphrase = passphrase
    this.#options = withDefaults(options)
    this.#snapshot = snapshot
  }

  /**
   * Opens a keystore that exists.
   * @param passphrase bytes, or text, which is taken as UTF-8 in its composed form (NFC)
   * @throws KeyError KEYSTORE_NOT_FOUND, KEYSTORE_PERMISSIONS, KEYSTORE_PASSPHRASE, KEYSTORE_DAMAGED,
   * KEYSTORE_UNSUPPORTED, KEYSTORE_TOO_LARGE, KEYSTORE_UNAVAILABLE
   */
  static async open(
    path: string,
    passphrase: Uint8Array | string,
    options: KeystoreOptions = {},
  ): Promise<Keystore> {
    const secret = encodePassphrase(passphrase)
    // The file itself: replacing a link to it would leave the file, and its lock, behind.
    const file = await realpath(path).catch(() => resolve(path))
    const bytes = await readKeystoreFile(file)
    return new Keystore(file, secret, options, { bytes, keys: await unsealKeys(bytes, secret, file) })
  }

  /**
   * Makes an empty keystore, and its folder.
   * @param passphrase as in {@link Keystore.open}
   * @throws KeyError KEYSTORE_EXISTS, KEYSTORE_PASSPHRASE (it is empty), KEYSTORE_LOCKED, KEYSTORE_UNAVAILABLE
   */
  static async create(
    path: string,
    passphrase: Uint8Array | string,
    options: KeystoreOptions = {},
  ): Promise<Keystore> {
    const file = resolve(path)
    const secret = encodePassphrase(passphrase)
    const { iterations, lockWaitMs } = withDefaults(options)
    const bytes = await sealKeys([], secret, iterations)
    await makeKeystoreFolder(file)
    await withKeystoreLock(file, lockWaitMs, async () => {
      if (existsSync(file)) {
        throw new KeyError('KEYSTORE_EXISTS', `there is a keystore ${file} already`, { path: file })
      }
      await writeKeystoreFile(file, bytes)
    })
    return new Keystore(file, secret, options, { bytes, keys: [] })
  }

  /**
   * Reads what other writers have written since.
   * @throws KeyError as {@link Keystore.open}
   */
  async refresh(): Promise<void> {
    await this.#refresh()
  }

  /** The keys, in the order in which they were added, as this object last read or wrote them. */
  list(): KeyRecord[] {
    return this.#snapshot.keys.map(toRecord)
  }

  /**
   * A signer with the key of that thumbprint.
   * @throws KeyError KEY_NOT_FOUND
   */
  signer(kid: string): Signer {
    const key = this.#snapshot.keys.find(({ jwk }) => thumbprint(jwk) === kid)
    if (key === undefined) throw this.#notFound(kid)
    return signerFromJwk(key.jwk)
  }

  /**
   * Adds keys, all or none.
   * @throws KeyError KEY_INVALID, KEY_UNSUPPORTED, KEY_EXISTS, KEYSTORE_LOCKED, and those of
   * {@link Keystore.open}; CodecError JCS_UNSUPPORTED_VALUE for a note with a lone surrogate
   */
  async add(newKeys: readonly NewKey[]): Promise<KeyRecord[]> {
    const created = this.#options.now().toISOString()
    const added = newKeys.map(
      ({ jwk, label, did, role, id }): StoredKey => ({
        jwk: parsePrivateJwk(jwk),
        created,
        ...(label !== undefined && { label }),
        ...(did !== undefined && { did }),
        ...(role !== undefined && { role }),
        ...(id !== undefined && { id }),
      }),
    )
    await this.#change(keys => {
      const kids = new Set(keys.map(({ jwk }) => thumbprint(jwk)))
      for (const { jwk } of added) {
        const kid = thumbprint(jwk)
        if (kids.has(kid)) throw new KeyError('KEY_EXISTS', `${this.path} holds the key ${kid} already`)
        kids.add(kid)
      }
      return [...keys, ...added]
    })
    return added.map(toRecord)
  }

  /**
   * Removes a key for good.
   * @throws KeyError KEY_NOT_FOUND, KEYSTORE_LOCKED, and those of {@link Keystore.open}
   */
  async remove(kid: string): Promise<void> {
    await this.#change(keys => {
      const kept = keys.filter(({ jwk }) => thumbprint(jwk) !== kid)
      if (kept.length === keys.length) throw this.#notFound(kid)
      return kept
    })
  }

  /** Changes through one object take turns. */
  #change(change: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    const done = this.#lastChange.then(() => this.#replace(change))
    this.#lastChange = done.catch(() => undefined)
    return done
  }

  /**
   * Encrypts first, which is slow, and takes the lock only to compare and replace, so that a process which dies
   * hardly ever leaves a lock behind. Where another writer was quicker, starts again from what it wrote.
   */
  async #replace(change: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    const { iterations, lockWaitMs } = this.#options
    for (;;) {
      const before = await this.#refresh()
      const keys = change(before.keys)
      const bytes = await sealKeys(keys, this.#passphrase, iterations)
      const replaced = await withKeystoreLock(this.path, lockWaitMs, async () => {
        if (!before.bytes.equals(await readKeystoreFile(this.path))) return false
        await writeKeystoreFile(this.path, bytes)
        this.#snapshot = { bytes, keys }
        return true
      })
      if (replaced) return
    }
  }

  /** What the file holds now, decrypted again only where its bytes are others. */
  async #refresh(): Promise<Snapshot> {
    const bytes = await readKeystoreFile(this.path)
    if (!bytes.equals(this.#snapshot.bytes)) {
      this.#snapshot = { bytes, keys: await unsealKeys(bytes, this.#passphrase, this.path) }
    }
    return this.#snapshot
  }

  #notFound(kid: string): KeyError {
    return new KeyError('KEY_NOT_FOUND', `${this.path} holds no key ${kid}`, { path: this.path })
  }
}

function toRecord({ jwk, ...notes }: StoredKey): KeyRecord {
  return { kid: thumbprint(jwk), publicJwk: publicJwkOf(jwk), algorithm: CURVES[jwk.crv].algorithm, ...notes }
}

function withDefaults(options: KeystoreOptions): Required<KeystoreOptions> {
  return { iterations: 600_000, lockWaitMs: 10_000, now: () => new Date(), ...options }
}

function encodePassphrase(passphrase: Uint8Array | string): Uint8Array {
  const bytes = typeof passphrase === 'string' ? Buffer.from(passphrase.normalize('NFC')) : passphrase
  if (bytes.length === 0) throw new KeyError('KEYSTORE_PASSPHRASE', 'the passphrase is empty')
  return Uint8Array.from(bytes)
}
