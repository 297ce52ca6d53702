/** The `ContentStore` port, what an adapter of it is built from, and the embedded store. */
export { writeCar } from './car.ts'
export { type BlockCheck, EmbeddedContentStore } from './embedded/embedded-content-store.ts'
export { ContentError, type ContentErrorCode } from './errors.ts'
export { readBlock, readContent } from './read.ts'
export type { BlockSource, CallOptions, ContentStore, GetOptions } from './types.ts'
