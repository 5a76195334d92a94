/** The largest sample, without its sign; NaN if any sample is. */
export const peak = (samples: Float32Array): number => samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0)

export function energyBetween(samples: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let i = Math.max(from, 0); i < Math.min(to, samples.length); i++) sum += (samples[i] as number) ** 2
  return sum
}

/** The mean frequency in Hz, weighted by energy: from the energies of the differences of neighbours and of the sums. */
export function centroid(samples: Float32Array, sampleRate: number): number {
  let difference = 0
  for (let i = 1; i < samples.length; i++) difference += ((samples[i] as number) - (samples[i - 1] as number)) ** 2
  // A sine of angular frequency w has differences of energy 4·sin²(w/2); their ratio gives the root mean square frequency.
  const ratio = difference / (4 * energyBetween(samples, 0, samples.length))
  return (Math.asin(Math.sqrt(Math.min(ratio, 1))) * sampleRate) / Math.PI
}
