import { parseCid } from '../../src/codec/cid.ts'
import { type Block, fileBlocks } from '../../src/codec/unixfs.ts'
import { packCar } from '../../src/content/car.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import type { FileRole } from '../../src/sidetree/files/file.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { storeFiles, type Tamper } from './batches.ts'
import { Disk, memoryStore } from './memory-store.ts'

/** A batch as a writer on another machine hands it in. */
export interface Handed {
  anchorString: string
  car: Buffer
  files: { [role in FileRole]?: string }
}

/** Makes a batch of exactly these operations, whatever they are. */
export async function handIn(
  requests: readonly OperationRequest[],
  { tamper = {}, without = [] }: { tamper?: Tamper; without?: readonly FileRole[] } = {},
): Promise<Handed> {
  const content = new EmbeddedContentStore(memoryStore(new Disk()))
  const { anchorString, files } = await storeFiles(content, requests, tamper)
  const blocks: Block[] = []
  for (const [role, cid] of Object.entries(files)) {
    if (without.some(one => one === role)) continue
    const bytes = await content.get(cid, { maxBytes: 1 << 30 })
    blocks.push(...(await fileBlocks(bytes)).blocks)
  }
  return { anchorString, files, car: packCar(rootOf(anchorString), blocks) }
}

export function rootOf(anchorString: string): ReturnType<typeof parseCid> {
  return parseCid(anchorString.slice(anchorString.indexOf('.') + 1))
}
