/** GGUF, the files of llama.cpp: read as checkpoints, and written. */
export { type ExportOptions, exportGguf } from './export-gguf.js'
export { type GgufCheckpoint, ggufCheckpoint, isGguf } from './gguf-checkpoint.js'
export { type GgufHeader, type GgufTensor, type GgufValue, looksLikeGguf, readGgufHeader } from './gguf-header.js'
export { type GgufType, ggufTypes } from './gguf-types.js'
export { encodeGguf, type GgufEntry, type GgufOutgoing, type WritableGgufType, writeGguf } from './write-gguf.js'
