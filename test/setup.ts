import fc from 'fast-check'

fc.configureGlobal({
  numRuns: Number(process.env['ROOTLINE_PROPERTY_RUNS'] ?? 200),
  seed: Number(process.env['ROOTLINE_SEED'] ?? 1),
})
