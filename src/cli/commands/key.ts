import { Command } from 'commander'
import { generatePrivateJwk } from '../../keys/generate.ts'
import type { KeyRecord } from '../../keys/keystore.ts'
import { openKeystore } from '../keystore-access.ts'
import { text, withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { keyCurve } from '../session.ts'
import { table } from '../terminal.ts'

/** `rootline key`: the keystore. */
export function keyCommand(host: Host): Command {
  const key = new Command('key').description('Make and list the keys in your keystore.')
  key.addCommand(generateCommand(host))
  key.addCommand(listCommand(host))
  return key
}

function generateCommand(host: Host): Command {
  const command = new Command('generate')
    .description('Make a key in your keystore, and print its public part as a JWK.')
    .option('--key-type <type>', 'Ed25519, P-256, P-384 or secp256k1', 'Ed25519')
    .option('--label <text>', 'a note of your own')
  withExamples(
    command,
    'rootline key generate',
    'rootline key generate --key-type P-256 --label "signs invoices"',
  )
  return withSettings(command, 'keystore', 'passphraseFile', 'data').action(action(host, generate))
}

async function generate(run: Run): Promise<undefined> {
  const curve = keyCurve(text(run.options['keyType']) ?? '')
  const label = text(run.options['label'])
  const keystore = await openKeystore(run, { make: true })
  const [key] = await keystore.add([
    { jwk: generatePrivateJwk(curve), ...(label === undefined ? {} : { label }) },
  ])
  if (key === undefined) throw new TypeError('no key was added')
  run.terminal.result(written(key), () =>
    JSON.stringify({ ...key.publicJwk, kid: key.kid, alg: key.algorithm }, null, 2),
  )
}

function listCommand(host: Host): Command {
  const command = new Command('list').description(
    'List the keys in your keystore. Private parts are never shown.',
  )
  withExamples(command, 'rootline key list', 'rootline key list --json')
  return withSettings(command, 'keystore', 'passphraseFile', 'data').action(action(host, listKeys))
}

async function listKeys(run: Run): Promise<undefined> {
  const keystore = await openKeystore(run, { make: false })
  const keys = keystore.list()
  run.terminal.result({ keystore: keystore.path, keys: keys.map(written) }, () =>
    table([
      ['THUMBPRINT', 'TYPE', 'MADE', 'ROLE', 'ID OR LABEL', 'DID'],
      ...keys.map(({ kid, publicJwk, created, role, id, label, did }) => [
        kid,
        publicJwk.crv,
        created,
        role ?? '',
        id ?? label ?? '',
        did ?? '',
      ]),
    ]),
  )
}

function written({ kid, publicJwk, algorithm, created, role, id, label, did }: KeyRecord): object {
  return { kid, algorithm, publicJwk, created, role, id, label, did }
}
