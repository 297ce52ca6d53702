/** A time as RFC 3339, UTC; beyond what can be written so, the number of seconds. @param seconds Unix seconds */
export function rfc3339(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace('.000Z', 'Z')
}
