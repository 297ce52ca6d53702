import { NodeError } from './errors.ts'

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

/** Unix seconds, rounded down, of an RFC 3339 date and time. @throws NodeError VERSION_TIME_INVALID */
export function parseVersionTime(text: string): number {
  const milliseconds = RFC3339.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(milliseconds)) {
    throw new NodeError(
      'VERSION_TIME_INVALID',
      'versionTime is an RFC 3339 date and time, such as 2026-05-02T10:00:00Z',
    )
  }
  return Math.floor(milliseconds / 1000)
}

/** RFC 3339 form, UTC, of Unix milliseconds; where no date can say it, as of a hostile cosigner's, in seconds. */
export function formatTime(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? `${milliseconds / 1000} s` : date.toISOString()
}
