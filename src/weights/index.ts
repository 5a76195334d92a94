export { type Checkpoint, type OpenOptions, openSafetensors, type PackedFormat, type PackedMatrix, type TensorInfo } from './checkpoint.js'
export { CheckpointError, type CheckpointErrorCode } from './checkpoint-error.js'
export { derivedFolder, makeFolder } from './derived-folder.js'
export { inEightBits } from './eight-bits.js'
export { embeddedFolder, embeddedWeights } from './embedded.js'
export { sha256OfFile } from './file-digest.js'
export type { ByteSource } from './files.js'
export * from './gguf/index.js'
export * from './hub/index.js'
export { exists, openCheckpoint } from './open-checkpoint.js'
export { parseSafetensors, type SafetensorsHeader, type TensorEntry } from './safetensors.js'
export type { StorageDType } from './storage-dtype.js'
export {
  type DescribedTensor,
  type EncodeOptions,
  encodeSafetensors,
  streamSafetensors,
  type WriteOptions,
  writeSafetensors,
} from './write-safetensors.js'
