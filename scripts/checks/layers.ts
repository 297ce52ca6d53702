import type { Finding, Import, SourceFile } from './source.ts'

/** Folders, ground floor first: each imports only from itself and from folders before it. */
export const LAYERS = [
  'src/codec',
  'src/net',
  'src/store',
  'src/keys',
  'src/trust',
  'src/merkle',
  'src/sidetree',
  'did-methods',
  'src/ledger',
  'src/content',
  'src/node',
  'src/credentials',
  'src/attestation',
  'src/binding',
  'src/openid',
  'src/api',
  'src/cli',
] as const

/** Top-level folders that no shipped file may import from. */
const OUTSIDE = ['test', 'scripts', 'fixtures']

/** What users of the package import. Inside, it would lead from a folder back to itself. */
const PUBLIC = /^src\/[^/]+\/index\.ts$/

/**
 * Finds imports that go up, reach out of the shipped folders, take the way of the package's users, or name a package
 * that users do not install.
 */
export function checkLayers(sources: readonly SourceFile[], dependencies: readonly string[]): Finding[] {
  return sources.flatMap(source => {
    const layer = layerOf(source.path)
    return source.imports.flatMap(item => {
      const problem =
        layer === undefined ? fromOutside(source.path, item) : fromLayer(layer, item, dependencies)
      return problem === undefined ? [] : [{ file: source.path, line: item.line, ...problem }]
    })
  })
}

/** Files of `src/` that lie in no listed folder. */
export function checkFolders(paths: readonly string[]): Finding[] {
  return paths
    .filter(path => path.startsWith('src/') && path !== 'src/index.ts' && layerOf(path) === undefined)
    .map(file => ({
      file,
      line: 1,
      rule: 'folder',
      message: 'lies in no layer; list its folder in scripts/checks/layers.ts',
    }))
}

type Problem = { rule: string; message: string }

/** Index of the layer that a file lies in; undefined for tests, scripts and the like. */
function layerOf(path: string): number | undefined {
  const index = LAYERS.findIndex(layer => path.startsWith(`${layer}/`))
  return index === -1 ? undefined : index
}

function fromOutside(path: string, item: Import): Problem | undefined {
  if (item.target?.startsWith('test/') && !path.startsWith('test/')) {
    return { rule: 'test-import', message: `only test/ may import from test/, not '${item.specifier}'` }
  }
  return undefined
}

function fromLayer(layer: number, item: Import, dependencies: readonly string[]): Problem | undefined {
  if (item.target === undefined) return fromPackage(item, dependencies)
  const folder = item.target.split('/', 1)[0] ?? ''
  if (OUTSIDE.includes(folder)) {
    return { rule: 'test-import', message: `shipped code imports '${item.specifier}' from ${folder}/` }
  }
  if (PUBLIC.test(item.target)) {
    return {
      rule: 'index',
      message: `'${item.specifier}' is for users of the package; import the file itself`,
    }
  }
  const target = layerOf(item.target)
  if (target === undefined) return { rule: 'folder', message: `'${item.specifier}' lies in no layer` }
  if (target > layer) {
    return {
      rule: 'layer',
      message: `${LAYERS[layer]} may not import from ${LAYERS[target]} ('${item.specifier}')`,
    }
  }
  return undefined
}

function fromPackage(item: Import, dependencies: readonly string[]): Problem | undefined {
  if (item.specifier.startsWith('node:')) return undefined
  const parts = item.specifier.split('/')
  const name = item.specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
  if (dependencies.includes(name)) return undefined
  return { rule: 'dependency', message: `'${name}' is not among the dependencies of package.json` }
}
