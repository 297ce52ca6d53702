import { readFileSync } from 'node:fs'

/** What a test needs of a service in docker-compose.yml. */
export interface ComposeService {
  image: string
  command: string[]
  environment: Record<string, string>
  volumes: string[]
  dependsOn: string[]
}

type Value = string | string[] | Tree
interface Tree {
  [name: string]: Value
}

/**
 * The services of docker-compose.yml by name. Reads the part of YAML that the file keeps to: maps by indentation, texts,
 * lists in JSON (over several lines too), one anchor, and its merge key.
 */
export function composeServices(): Map<string, ComposeService> {
  const anchors = new Map<string, Tree>()
  const lines = readFileSync('docker-compose.yml', 'utf8')
    .replace(/:\s+(\[[^\]]*\])/g, (_, list: string) => `: ${onOneLine(list)}`)
    .split('\n')
    .filter(line => !/^\s*(#|$)/.test(line))
  const { services } = readMap(lines, 0, anchors)
  if (services === undefined || typeof services === 'string' || Array.isArray(services)) {
    throw new TypeError('no services')
  }
  return new Map(Object.entries(services).map(([name, value]) => [name, serviceOf(value)]))
}

/** A list in JSON, but for a comma after its last item. */
function onOneLine(list: string): string {
  return list.replaceAll(/\s*\n\s*/g, ' ').replace(/, \]$/, ']')
}

/** Takes the lines of one map off the front. */
function readMap(lines: string[], indent: number, anchors: Map<string, Tree>): Tree {
  const map: Tree = {}
  for (let line = lines[0]; line !== undefined && indentOf(line) === indent; line = lines[0]) {
    lines.shift()
    const [, name = '', text = ''] = /^ *([\w<-]+):(?: (.*))?$/.exec(line) ?? []
    if (name === '') throw new TypeError(`a line that this reader does not know: ${line}`)
    const anchor = /^&(\w+)$/.exec(text)?.[1]
    if (name === '<<') Object.assign(map, anchors.get(text.slice(1)))
    else if (text === '' || anchor !== undefined) {
      const inner = readMap(lines, indent + 2, anchors)
      if (anchor !== undefined) anchors.set(anchor, inner)
      map[name] = inner
    } else map[name] = text.startsWith('[') ? (JSON.parse(text) as string[]) : text
  }
  return map
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function serviceOf(value: Value): ComposeService {
  if (typeof value === 'string' || Array.isArray(value)) throw new TypeError('a service is a map')
  const list = (name: string) => (Array.isArray(value[name]) ? value[name] : [])
  return {
    image: String(value['image']),
    command: list('command'),
    environment: (value['environment'] ?? {}) as Record<string, string>,
    volumes: list('volumes'),
    dependsOn: list('depends_on'),
  }
}
