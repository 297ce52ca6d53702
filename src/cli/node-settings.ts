import { isIPv6 } from 'node:net'
import type { ApiLimits } from '../api/parts.ts'
import type { NodeSettings } from '../node/node.ts'
import type { Settings } from './settings.ts'

/** What the settings say to a node. */
export function nodeSettings(settings: Settings): NodeSettings {
  const { workers } = settings
  const maxBatchOperations = settings['batch.maxOperations']
  return {
    batchIntervalMs: settings['batch.intervalMs'],
    pollMs: settings['observer.pollMs'],
    fetchTimeoutMs: settings['observer.fetchTimeoutMs'],
    queue: { maxOperations: settings['queue.maxOperations'], maxPerDid: settings['queue.maxPerDid'] },
    ...(workers === undefined ? {} : { workers }),
    ...(maxBatchOperations === undefined ? {} : { maxBatchOperations }),
  }
}

/** Names that a page of another origin cannot make its own, at any port; and what the operator names. */
export function allowedHosts(listenHost: string, more: readonly string[]): string[] {
  const own = isIPv6(listenHost) ? `[${listenHost}]` : listenHost
  return [...new Set(['localhost', '127.0.0.1', '[::1]', own, ...more])]
}

/** What the settings say to its HTTP server. */
export function apiLimits(settings: Settings): ApiLimits {
  return {
    bodyBytes: settings['limits.bodyBytes'],
    urlLength: settings['limits.urlLength'],
    requestsPerMinute: settings['limits.requestsPerMinute'],
    reports: settings['limits.reports'],
    downloads: settings['limits.downloads'],
    foreignResolutions: settings['limits.foreignResolutions'],
    submissions: settings['limits.submissions'],
    submissionsPerMinute: settings['limits.submissionsPerMinute'],
    submissionBytesPerMinute: settings['limits.submissionBytesPerMinute'],
    fileBytes: settings['limits.fileBytes'],
    blockBytes: settings['limits.blockBytes'],
    requestTimeoutMs: settings['limits.requestTimeoutMs'],
    readyLag: settings['limits.readyLag'],
    readyUnresolvableMs: settings['limits.readyUnresolvableMs'],
  }
}
