import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { type Finding, lineOf, type SourceFile } from './source.ts'

/** What may stand in no file. Each pattern is spelled so that it does not match itself. */
const FORBIDDEN = [
  {
    rule: 'unfinished',
    pattern: /\b(TOD[O]|FIXM[E]|XX[X])\b/,
    message: 'unfinished work belongs in an issue',
  },
  {
    rule: 'machine-path',
    pattern: /(?<![\w.:/@-])\/(work|root|home|Users)\/[\w.-]/,
    message: 'names a path of one machine',
  },
]

const TEXT = /(\.(ts|js|json|md|ya?ml|sh|html|css|txt)|^[^.]+|\/[^./]+|^\.[\w/-]+)$/

/** Finds forbidden words in the text files among `paths`. */
export function checkWords(root: string, paths: readonly string[]): Finding[] {
  return paths
    .filter(path => TEXT.test(path) && path !== 'package-lock.json')
    .flatMap(path => {
      const lines = readFileSync(join(root, path), 'utf8').split('\n')
      return lines.flatMap((text, index) =>
        FORBIDDEN.filter(({ pattern }) => pattern.test(text)).map(({ rule, message }) => ({
          file: path,
          line: index + 1,
          rule,
          message: `${message}: ${text.trim().slice(0, 80)}`,
        })),
      )
    })
}

/** Finds `throw new Error` and the type `any` in shipped code. */
export function checkSyntax(sources: readonly SourceFile[]): Finding[] {
  return sources.filter(source => /^(src|did-methods)\//.test(source.path)).flatMap(findSyntax)
}

function findSyntax({ path, tree }: SourceFile): Finding[] {
  const found: Finding[] = []
  const add = (node: ts.Node, rule: string, message: string): void => {
    found.push({ file: path, line: lineOf(tree, node), rule, message })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isThrowStatement(node) && throwsPlainError(node.expression)) {
      add(node, 'plain-error', 'throw a class of errors.ts, with a code')
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword) add(node, 'any', 'name the type, or use unknown')
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

function throwsPlainError(expression: ts.Expression): boolean {
  if (!ts.isNewExpression(expression) && !ts.isCallExpression(expression)) return false
  return ts.isIdentifier(expression.expression) && expression.expression.text === 'Error'
}
