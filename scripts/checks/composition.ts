import ts from 'typescript'
import { type Finding, lineOf, type SourceFile } from './source.ts'

/** The shipped files that choose adapters of the ports and put the parts together: of a node, and of a mirror. */
const ROOTS: readonly string[] = ['src/cli/up.ts', 'src/cli/mirror.ts']

/** Folders of adapters: `src/<port>/<adapter>/`. */
const ADAPTER = /^src\/(ledger|content)\/[^/]+\//

/** Classes beside an adapter that are of no port: they work something out, or are a process of their own. */
const NO_ADAPTERS: ReadonlySet<string> = new Set([
  'LogProofVerifier',
  'TreeView',
  'Cosigning',
  'Witness',
  'Promises',
])

/** Names of static methods and functions that make an adapter. */
const MAKES = /^(open|create|start|connect)([A-Z]|$)/

/** Finds shipped files other than those that construct an adapter. */
export function checkComposition(sources: readonly SourceFile[]): Finding[] {
  return sources
    .filter(source => /^(src|did-methods)\//.test(source.path) && !ROOTS.includes(source.path))
    .flatMap(source => constructions(source, namesFromAdapters(source)))
}

function namesFromAdapters(source: SourceFile): Set<string> {
  const home = ADAPTER.exec(source.path)?.[0]
  const foreign = source.imports.filter(({ target }) => {
    const folder = target === undefined ? undefined : ADAPTER.exec(target)?.[0]
    return folder !== undefined && folder !== home
  })
  return new Set(foreign.flatMap(item => item.names).filter(name => !NO_ADAPTERS.has(name)))
}

function constructions(source: SourceFile, names: Set<string>): Finding[] {
  const found: Finding[] = []
  const visit = (node: ts.Node): void => {
    const name = madeBy(node, names)
    if (name !== undefined) {
      const message = `constructs ${name}; adapters are chosen in ${ROOTS.join(' and ')} and handed down`
      found.push({ file: source.path, line: lineOf(source.tree, node), rule: 'composition', message })
    }
    ts.forEachChild(node, visit)
  }
  if (names.size > 0) visit(source.tree)
  return found
}

/** The imported name that a node makes an adapter with, if it does. */
function madeBy(node: ts.Node, names: Set<string>): string | undefined {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return undefined
  const { expression } = node
  if (ts.isIdentifier(expression)) {
    const makes = ts.isNewExpression(node) || MAKES.test(expression.text)
    return makes && names.has(expression.text) ? expression.text : undefined
  }
  if (!ts.isPropertyAccessExpression(expression) || !ts.isIdentifier(expression.expression)) return undefined
  const owner = expression.expression.text
  return names.has(owner) && (ts.isNewExpression(node) || MAKES.test(expression.name.text))
    ? owner
    : undefined
}
