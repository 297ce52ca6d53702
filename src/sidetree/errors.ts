/** Placeholder list: grown by the modules of this folder. */
export type SidetreeErrorCode = string
