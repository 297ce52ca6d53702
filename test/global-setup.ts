/** Draws the seed of all property tests of a run, so that one printed number repeats it. */
export default function setup(): void {
  process.env['ROOTLINE_SEED'] ??= String(Math.trunc(Math.random() * 0x7fffffff))
  process.env['ROOTLINE_PROPERTY_RUNS'] ??= '200'
  console.log(
    `property tests: ROOTLINE_SEED=${process.env['ROOTLINE_SEED']} ROOTLINE_PROPERTY_RUNS=${process.env['ROOTLINE_PROPERTY_RUNS']}`,
  )
}
