import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'

/** What a check found, at a place. */
export interface Finding {
  /** Path from the root of the project, with forward slashes. */
  file: string
  line: number
  rule: string
  message: string
}

/** One import, re-export, `import()` or `import('...')` type of a file. */
export interface Import {
  /** As written. */
  specifier: string
  /** Path from the root of the project, where the specifier is relative; undefined for packages and builtins. */
  target: string | undefined
  /** Erased when the program runs. */
  typeOnly: boolean
  line: number
  /** Local names of the values that it brings, where it names them. */
  names: string[]
}

/** A TypeScript file with its imports. */
export interface SourceFile {
  path: string
  imports: Import[]
  tree: ts.SourceFile
}

/** Folders that are no part of the project; `.git` is a file in a second work tree. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.git', '.rootline'])

/** Paths of all files of the project below `folder`, from its root, with forward slashes; sorted. */
export function listFiles(root: string, folder = '.'): string[] {
  const found: string[] = []
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name)
      if (SKIPPED.has(entry.name)) continue
      if (entry.isDirectory()) visit(child)
      else if (entry.isFile()) found.push(relative(root, child).split(sep).join('/'))
    }
  }
  visit(resolve(root, folder))
  return found.sort()
}

/** Reads and parses the TypeScript files among `paths`. */
export function readSources(root: string, paths: readonly string[]): SourceFile[] {
  return paths.filter(path => path.endsWith('.ts')).map(path => readSource(root, path))
}

/** Line of a node, counted from 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const imports: Import[] = []
  const add = (node: ts.Node, specifier: string, typeOnly: boolean, names: string[] = []): void => {
    const target = specifier.startsWith('.') ? join(dirname(path), specifier).split(sep).join('/') : undefined
    imports.push({ specifier, target, typeOnly, line: lineOf(tree, node), names })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node, node.moduleSpecifier.text, erasedImport(node), valueNames(node))
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      add(node, node.moduleSpecifier.text, node.isTypeOnly)
    } else if (ts.isImportTypeNode(node)) {
      const literal = ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
      if (literal && ts.isStringLiteral(literal)) add(node, literal.text, true)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument && ts.isStringLiteral(argument)) add(node, argument.text, false)
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return { path, imports, tree }
}

/** True for `import type`; an import whose every name is marked `type` still runs the module. */
function erasedImport(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

function valueNames(node: ts.ImportDeclaration): string[] {
  const clause = node.importClause
  if (!clause || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return []
  const names = clause.name ? [clause.name.text] : []
  const bindings = clause.namedBindings
  if (bindings && ts.isNamespaceImport(bindings)) names.push(bindings.name.text)
  if (bindings && ts.isNamedImports(bindings)) {
    names.push(...bindings.elements.filter(element => !element.isTypeOnly).map(element => element.name.text))
  }
  return names
}
