/**
 * Bytes that lie inside a file or a buffer and can be pointed at without being read: `length` bytes from `offset`, both in bytes.
 * The ONNX writer turns such a region into external data; `name` says what a buffer holds and is shown in errors.
 */
export interface ByteRegion {
  readonly source: { readonly path: string } | { readonly bytes: Uint8Array; readonly name: string }
  readonly offset: number
  readonly length: number
}
