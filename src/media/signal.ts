/** One sensor's samples; NaN where nothing was measured. */
export interface SignalChannel {
  readonly name: string
  /** What one unit of a sample is, such as `µV`; empty for plain numbers. */
  readonly unit: string
  readonly samples: Float32Array
}

/** Something that happened while the signal was recorded, such as the showing of a picture. */
export interface SignalEvent {
  /** From the first sample. */
  readonly seconds: number
  readonly label: string
  /** In seconds. */
  readonly duration?: number
}

/** Measurements of several sensors at one even rate, such as an EEG: every channel has the same number of samples. */
export interface Signal {
  /** In Hz. */
  readonly sampleRate: number
  readonly channels: readonly SignalChannel[]
  /** In the order of their times. */
  readonly events: readonly SignalEvent[]
}

export const sampleCount = (signal: Pick<Signal, 'channels'>): number => signal.channels[0]?.samples.length ?? 0
