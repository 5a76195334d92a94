/** A picture: 8-bit sRGB, rows from the top, channels interleaved. Alpha is straight (not premultiplied). */
export interface Image {
  readonly width: number
  readonly height: number
  readonly channels: 3 | 4
  /** `width · height · channels` bytes. */
  readonly data: Uint8Array
}
