import { benchAccept } from './accept.ts'
import { benchApply } from './apply.ts'
import { benchFollow } from './follow.ts'
import { benchHttp } from './http.ts'
import { benchMap } from './map.ts'
import { type Figure, printFigures, printMachine } from './measure.ts'
import { benchProof } from './proof.ts'
import { benchProofSize } from './proof-size.ts'
import { benchResolve } from './resolve.ts'

/** Figures of `npm run bench`, or of the sections that are named: each is a ratio within one run. */
const SECTIONS: { [name: string]: { title: string; run: () => Promise<Figure[]> } } = {
  apply: { title: 'Applying anchored updates', run: benchApply },
  resolve: { title: 'Resolving a DID with 1,000 updates', run: benchResolve },
  http: { title: 'Resolving over HTTP', run: benchHttp },
  accept: { title: 'Accepting operations, and log entries', run: benchAccept },
  proof: { title: 'Proofs that are carried away', run: benchProof },
  dids: { title: 'Proofs, by the number of DIDs on the log', run: benchProofSize },
  follow: { title: 'Following a log', run: benchFollow },
  map: { title: 'The Merkle map by itself', run: benchMap },
}

const named = process.argv.slice(2)
const unknown = named.filter(name => !Object.hasOwn(SECTIONS, name))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}`)
  process.exit(64)
}
printMachine()
for (const [name, { title, run }] of Object.entries(SECTIONS)) {
  if (named.length === 0 || named.includes(name)) printFigures(title, await run())
}
