/** Sound: one array of samples in [-1, 1] per channel (mono, or left and right), all of one length. */
export interface Audio {
  /** In Hz. */
  readonly sampleRate: number
  readonly channels: readonly Float32Array[]
}

/** Samples per channel. */
export const sampleCount = ({ channels }: Audio): number => channels[0]?.length ?? 0

/** In seconds. */
export const duration = (audio: Audio): number => sampleCount(audio) / audio.sampleRate

/** No sound at all, for `seconds` rounded to the nearest sample. */
export function silence(seconds: number, { sampleRate, channels = 1 }: { sampleRate: number; channels?: number }): Audio {
  const samples = Math.round(seconds * sampleRate)
  return { sampleRate, channels: Array.from({ length: channels }, () => new Float32Array(samples)) }
}

/** The mean of the channels: what one loudspeaker between the two would play, and what speech models read. */
export function toMono(audio: Audio): Audio {
  const { sampleRate, channels } = audio
  if (channels.length === 1) return audio
  const mono = new Float32Array(sampleCount(audio))
  for (const channel of channels) for (let i = 0; i < mono.length; i++) mono[i] = (mono[i] as number) + (channel[i] as number)
  for (let i = 0; i < mono.length; i++) mono[i] = (mono[i] as number) / channels.length
  return { sampleRate, channels: [mono] }
}

/** Mono on both sides; sound with two channels stays as it is, more are mixed down first. */
export function toStereo(audio: Audio): Audio {
  if (audio.channels.length === 2) return audio
  const [mono] = toMono(audio).channels as [Float32Array]
  return { sampleRate: audio.sampleRate, channels: [mono, mono.slice()] }
}

/** Multiplies every sample; 6.02 dB is a factor of two. Nothing is clipped. */
export function amplify({ sampleRate, channels }: Audio, decibels: number): Audio {
  const factor = 10 ** (decibels / 20)
  return { sampleRate, channels: channels.map((channel) => channel.map((sample) => sample * factor)) }
}

/** The largest magnitude in any channel. */
export function peak({ channels }: Audio): number {
  let largest = 0
  for (const channel of channels) for (let i = 0; i < channel.length; i++) largest = Math.max(largest, Math.abs(channel[i] as number))
  return largest
}

/** Scales the sound so that its peak is `target`, a magnitude in (0, 1]. Silence stays silent. */
export function normalise(audio: Audio, target = 1): Audio {
  const largest = peak(audio)
  return largest === 0 ? audio : amplify(audio, 20 * Math.log10(target / largest))
}

/** One sound after another. */
export function concatenate(sounds: readonly [Audio, ...Audio[]]): Audio {
  const [{ sampleRate, channels }] = sounds
  alike('concatenate', sounds)
  const total = sounds.reduce((sum, sound) => sum + sampleCount(sound), 0)
  const joined = channels.map((_, c) => {
    const whole = new Float32Array(total)
    let at = 0
    for (const sound of sounds) {
      whole.set(sound.channels[c] as Float32Array, at)
      at += sampleCount(sound)
    }
    return whole
  })
  return { sampleRate, channels: joined }
}

/** Sounds at the same time, as long as the longest. Sums can leave [-1, 1]: see `normalise`. */
export function mix(sounds: readonly [Audio, ...Audio[]]): Audio {
  const [{ sampleRate, channels }] = sounds
  alike('mix', sounds)
  const longest = Math.max(...sounds.map(sampleCount))
  const mixed = channels.map((_, c) => {
    const sum = new Float32Array(longest)
    for (const sound of sounds) {
      const channel = sound.channels[c] as Float32Array
      for (let i = 0; i < channel.length; i++) sum[i] = (sum[i] as number) + (channel[i] as number)
    }
    return sum
  })
  return { sampleRate, channels: mixed }
}

/** Cut or filled with silence at the end, to exactly `samples` per channel. */
export function fitTo({ sampleRate, channels }: Audio, samples: number): Audio {
  const fitted = channels.map((channel) => {
    const whole = new Float32Array(samples)
    whole.set(channel.subarray(0, samples))
    return whole
  })
  return { sampleRate, channels: fitted }
}

function alike(action: string, sounds: readonly Audio[]): void {
  const layout = ({ sampleRate, channels }: Audio) => `${channels.length} channel${channels.length === 1 ? '' : 's'} at ${sampleRate} Hz`
  const [first, ...others] = sounds.map(layout)
  const odd = others.findIndex((other) => other !== first)
  if (odd < 0) return
  throw new RangeError(
    `Cannot ${action} sounds of different layouts: the first has ${first}, number ${odd + 2} has ${others[odd]}. Use resample() and toMono() or toStereo() first`,
  )
}
