/** Sound: one array of samples in [-1, 1] per channel (mono, or left and right), all of one length. */
export interface Audio {
  /** In Hz. */
  readonly sampleRate: number
  readonly channels: readonly Float32Array[]
}
