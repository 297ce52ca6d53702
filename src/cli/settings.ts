import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Static, type TSchema, Type } from 'typebox'
import { DEFAULT_LIMITS } from '../api/parts.ts'
import { PROTOCOL_VERSIONS } from '../sidetree/parameters.ts'

const PROTOCOLS = Object.keys(PROTOCOL_VERSIONS) as (keyof typeof PROTOCOL_VERSIONS)[]
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

function count(description: string, value: number, minimum = 1) {
  return Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, default: value, description })
}

/** A default that depends on the machine or on other settings is described by `default`, and computed below. */
const PATH = { minLength: 1, maxLength: 4096 }

/** Without credentials, which would be in logs, and without query and fragment. */
export const PLAIN_URL = '^https?://[^@?#\\s]+$'

/**
 * Every setting, once: its type, its bounds, its default and what it is for. A dot in a name is a level in the file of
 * settings. From this follow the types, the check, the names in the environment and docs/configuration.md.
 */
export const SETTINGS = {
  data: Type.String({
    ...PATH,
    description: "Folder of the node: its databases, its log's signing key and its token.",
    default: "rootline in the user's data folder",
  }),
  listen: Type.String({
    pattern: '^(\\[[0-9a-fA-F:.]+\\]|[^:\\s]+):[0-9]{1,5}$',
    description: 'Address and port to listen on, HOST:PORT; port 0 takes a free one.',
    default: '127.0.0.1:7777',
  }),
  hosts: Type.Array(Type.String({ minLength: 1 }), {
    description:
      'Further names under which the node is reached (header Host), NAME or NAME:PORT. The address that it listens on ' +
      'and the names of this machine for itself are always answered.',
    default: [],
  }),
  trustedProxies: Type.Array(Type.String({ minLength: 1 }), {
    description: 'Addresses of proxies whose X-Forwarded-For names the client for the rate limit.',
    default: [],
  }),
  method: Type.String({
    pattern: '^[a-z0-9]+$',
    description: 'Name of the DID method, as in did:NAME:...',
    default: 'rootline',
  }),
  network: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9][a-z0-9.-]{0,62}$',
      description: 'Label of the network in its DIDs, as in did:ion:test:...',
      default: 'none',
    }),
  ),
  protocol: Type.Enum([...PROTOCOLS], {
    description: 'Rules of the protocol.',
    default: 'ion-mainnet for the method ion, else rootline',
  }),
  logName: Type.Optional(
    Type.String({
      pattern: '^[^\\s+]{1,200}$',
      description:
        'Name of the log in its checkpoints, for ever: a URL without its scheme (C2SP tlog-checkpoint). Counts when the ' +
        'log is begun.',
      default: 'localhost/rootline- and eight random digits',
    }),
  ),
  follow: Type.Optional(
    Type.String({
      pattern: '^https?://',
      maxLength: 2048,
      description:
        'URL of the node whose log to follow, in place of a log of its own; the log is read from URL/log/, and files ' +
        'from URL/ipfs/. Nothing that it sends is believed unverified.',
      default: 'none: the node has a log of its own',
    }),
  ),
  logKey: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 4096,
      description:
        'Verifier key of the log to follow, as "rootline log key" prints it on the node that has the log.',
      default: 'none',
    }),
  ),
  writeToken: Type.Optional(
    Type.String({
      ...PATH,
      description:
        'File whose first line is the token of a writer, as "rootline log writer add" has shown it on the node that is ' +
        'followed: operations that this node takes are then anchored on that log.',
      default: 'none: this node only reads',
    }),
  ),
  origin: Type.Optional(
    Type.String({
      pattern: '^[^\\s+]{1,255}$',
      description: 'Name of the log to follow in its checkpoints, where it is not that of its key.',
      default: 'the name of logKey',
    }),
  ),
  policy: Type.Optional(
    Type.String({
      ...PATH,
      description:
        'File that names the witnesses of the log and how many must cosign (C2SP tlog-policy), or "none" for no witnesses. ' +
        'A node that has had a policy does not start without one or the other.',
      default: 'no witness is asked for',
    }),
  ),
  source: Type.Array(Type.String({ pattern: PLAIN_URL, maxLength: 2048 }), {
    description:
      'Further trustless gateways that files are fetched from, as URLs before /ipfs/; with the option, one each time. ' +
      'Each file is checked against its CID; redirects are not followed.',
    default: [],
  }),
  kubo: Type.Optional(
    Type.String({
      pattern: PLAIN_URL,
      maxLength: 2048,
      description:
        'URL of the RPC of a Kubo node, such as http://127.0.0.1:5001, that is given each file of this one too, pinned, ' +
        'and is asked, with its network, for files that are missing.',
      default: 'none: files are in the folder of the node alone',
    }),
  ),
  'submissions.deadlineSeconds': count(
    'How long after its receipt a batch of a writer on another machine may be anchored, in seconds. A log that is down ' +
      'for longer has broken its promise, which the receipt shows to everyone.',
    86_400,
  ),
  'batch.intervalMs': count('Wait for more operations before a batch is cut, in milliseconds.', 1_000, 0),
  'batch.maxOperations': Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'Most operations in a batch.',
      default: "the protocol's limit",
    }),
  ),
  'queue.maxOperations': count('Operations that may wait for a batch at a time.', 100_000),
  'queue.maxPerDid': count('Operations of one DID that may wait for a batch at a time.', 8),
  'observer.pollMs': count(
    'Wait between looks at the ledger, in milliseconds, where nothing says that it has grown.',
    5_000,
  ),
  'observer.fetchTimeoutMs': count('Longest wait for a file, in milliseconds.', 10_000),
  workers: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1024,
      description: 'Threads that check signatures.',
      default: 'one for each core',
    }),
  ),
  'web.allowPrivate': Type.Boolean({
    description: 'A did:web may lead to addresses that are not public, such as those of this machine.',
    default: false,
  }),
  'limits.bodyBytes': count('Largest body of a request, in bytes.', DEFAULT_LIMITS.bodyBytes),
  'limits.urlLength': count('Longest path and query, in characters.', DEFAULT_LIMITS.urlLength),
  'limits.requestsPerMinute': count(
    'Requests of one client address in a minute; 0 for any number.',
    DEFAULT_LIMITS.requestsPerMinute,
    0,
  ),
  'limits.reports': count(
    'Reports, histories and old versions worked out at a time.',
    DEFAULT_LIMITS.reports,
  ),
  'limits.downloads': count('Downloads of content at a time.', DEFAULT_LIMITS.downloads),
  'limits.submissions': count(
    'Batches of writers on other machines under way at once; each is held in memory.',
    DEFAULT_LIMITS.submissions,
  ),
  'limits.submissionsPerMinute': count(
    'Batches that a writer on another machine may hand in within a minute.',
    DEFAULT_LIMITS.submissionsPerMinute,
  ),
  'limits.submissionBytesPerMinute': count(
    'Bytes after which a writer on another machine may hand in no more within a minute.',
    DEFAULT_LIMITS.submissionBytesPerMinute,
  ),
  'limits.foreignResolutions': count(
    'Resolutions of other DID methods at a time.',
    DEFAULT_LIMITS.foreignResolutions,
  ),
  'limits.fileBytes': count('Largest file that is handed out, in bytes.', DEFAULT_LIMITS.fileBytes),
  'limits.blockBytes': count('Largest block that is handed out, in bytes.', DEFAULT_LIMITS.blockBytes),
  'limits.requestTimeoutMs': count(
    'Longest time for a request to arrive, in milliseconds.',
    DEFAULT_LIMITS.requestTimeoutMs,
  ),
  'limits.readyLag': count(
    'Transactions that the node may be behind its ledger and still be ready.',
    DEFAULT_LIMITS.readyLag,
    0,
  ),
  'limits.readyUnconfirmedMs': count(
    'How long the newest checkpoint of a followed log may go unconfirmed while the node still counts as ready, in milliseconds.',
    600_000,
  ),
  'limits.readyUnresolvableMs': count(
    'How long files may be missing while the node still counts as ready, in milliseconds.',
    DEFAULT_LIMITS.readyUnresolvableMs,
    0,
  ),
  logLevel: Type.Enum([...LOG_LEVELS], {
    description: 'Least weight of what the node writes to its log (stderr, JSON lines).',
    default: 'info',
  }),
  node: Type.String({
    pattern: '^https?://',
    maxLength: 2048,
    description: 'URL of the node that commands ask.',
    default: 'http://127.0.0.1:7777',
  }),
  tokenFile: Type.String({
    ...PATH,
    description: "File with the node's token, for commands that write.",
    default: 'token in the data folder',
  }),
  keystore: Type.String({
    ...PATH,
    description: 'File with your keys, encrypted.',
    default: 'keystore.json in the data folder',
  }),
  passphraseFile: Type.Optional(
    Type.String({
      ...PATH,
      description: 'File whose first line is the passphrase of the keystore.',
      default: 'asked for on the terminal',
    }),
  ),
  timeout: Type.Number({
    exclusiveMinimum: 0,
    maximum: 86_400,
    description: 'Longest time for a command to wait for the node, in seconds.',
    default: 60,
  }),
} as const satisfies Record<string, TSchema>

export type SettingName = keyof typeof SETTINGS
const SCHEMA = Type.Object(SETTINGS)
/** The settings that hold, complete. */
export type Settings = Static<typeof SCHEMA>

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** What the schema of a setting says of it, as JSON Schema does. */
export interface SettingFacts {
  /** Absent for one of a list of words. */
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  enum?: readonly string[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  description: string
  /** The value, or where it depends on something, in words. */
  default: unknown
}

export function factsOf(name: SettingName): SettingFacts {
  return SETTINGS[name] as unknown as SettingFacts
}

/** True for a setting that can be without a value. */
export function isOptional(name: SettingName): boolean {
  return !SCHEMA.required.some(required => required === name)
}

/** The variable of the environment that gives a setting: `batch.intervalMs` is `ROOTLINE_BATCH_INTERVAL_MS`. */
export function environmentName(name: SettingName): string {
  return `ROOTLINE_${name.replaceAll('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase()}`
}

/** Text from the command line or the environment as the type of its setting; undefined where it cannot be that. */
export function settingOfText(name: SettingName, text: string): unknown {
  const { type } = factsOf(name)
  if (type === 'integer' || type === 'number') return text.trim() === '' ? undefined : Number(text)
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  if (type === 'array') return text === '' ? [] : text.split(',').map(part => part.trim())
  return text
}

/** What the defaults depend on. */
export interface Machine {
  env: { readonly [name: string]: string | undefined }
  platform: NodeJS.Platform
}

/** The defaults, given the settings that have a value. */
export function defaultSettings(given: Partial<Settings>, machine: Machine): Settings {
  const data = given.data ?? join(userDataFolder(machine), 'rootline')
  const method = given.method ?? factsOf('method').default
  const computed: Partial<Settings> = {
    data,
    protocol: method === 'ion' ? 'ion-mainnet' : 'rootline',
    tokenFile: join(data, 'token'),
    keystore: join(data, 'keystore.json'),
  }
  const settings: Record<string, unknown> = {}
  for (const name of SETTING_NAMES) {
    if (name in computed) settings[name] = computed[name]
    else if (!isOptional(name)) settings[name] = factsOf(name).default
  }
  return settings as unknown as Settings
}

/** XDG base directories; Application Support; %LOCALAPPDATA%. */
function userDataFolder({ env, platform }: Machine): string {
  const home = homedir()
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  const xdg = env['XDG_DATA_HOME']
  // A relative path is invalid there (XDG Base Directory Specification).
  return xdg?.startsWith('/') === true ? xdg : join(home, '.local', 'share')
}
