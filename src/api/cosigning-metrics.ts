import { Counter, Gauge, type Registry } from 'prom-client'
import type { WitnessStatus } from '../ledger/log/witness-client.ts'

/** Adds the measures of the witnesses of a log, by their names in its policy; none where it has none. */
export function cosigningMeasures(registry: Registry, witnesses: readonly WitnessStatus[]): void {
  if (witnesses.length === 0) return
  const options = (name: string, help: string) => ({
    name: `rootline_log_${name}`,
    help,
    labelNames: ['witness'],
    registers: [registry],
  })
  const cosignatures = new Counter(options('cosignatures_total', 'Cosignatures of a witness that counted.'))
  const failures = new Counter(options('cosignature_failures_total', 'Requests that brought none.'))
  const newest = new Gauge(
    options('cosigned_seconds', 'Time of the newest cosignature, in Unix seconds; 0 if there is none.'),
  )
  for (const status of witnesses) {
    const labels = { witness: status.name }
    cosignatures.inc(labels, status.cosignatures)
    failures.inc(labels, status.failures)
    newest.set(labels, status.cosignedAt ?? 0)
  }
}
