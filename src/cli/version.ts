import { readFileSync } from 'node:fs'

/** Version of the package that this file is part of: two levels up from the sources, three from the built files. */
export function packageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    const manifest = readManifest(new URL(path, import.meta.url))
    if (manifest?.name === 'rootline' && typeof manifest.version === 'string') return manifest.version
  }
  return 'unknown'
}

function readManifest(url: URL): { name?: unknown; version?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(url, 'utf8')) as { name?: unknown; version?: unknown }
  } catch {
    return undefined
  }
}
