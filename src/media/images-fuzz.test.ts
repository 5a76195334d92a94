import { expect, test } from 'vitest'
import { mutated, randomWords, testImage, testProvenance } from '../../tests/support/media.js'
import { decodeAnimation, decodeImage, encodeAnimation, encodeImage } from './images.js'
import { MediaError } from './media-error.js'
import { readProvenance } from './read-provenance.js'

const provenance = testProvenance
const frames = [0, 1, 2].map((frame) => testImage(16, 12, 3, frame))
const seeds: Record<string, () => Promise<Uint8Array>> = {
  png: () => encodeImage(testImage(16, 12, 4), { format: 'png', provenance }),
  jpeg: () => encodeImage(testImage(16, 12), { format: 'jpeg', provenance }),
  webp: () => encodeImage(testImage(16, 12, 4), { format: 'webp', provenance }),
  'animated webp': () => encodeAnimation(frames, { format: 'webp', frameRate: 9, provenance }),
  gif: () => encodeAnimation(frames, { format: 'gif', frameRate: 9, provenance }),
}

/** Small, so that a header that was changed to something large is refused as every hostile one would be. */
const limits = { pixels: 2 ** 20, frames: 64 }

test.each(Object.keys(seeds))(
  'decodeImage(), decodeAnimation() and readProvenance() end %s that was damaged in a MediaError, or read it',
  async (kind) => {
    const original = await (seeds[kind] as () => Promise<Uint8Array>)()
    const next = randomWords(20_240_817)
    let refused = 0
    for (let round = 0; round < 500; round++) {
      const damaged = mutated(original, next)
      const attempts = [decodeImage(damaged, { limits }), decodeAnimation(damaged, { limits }), readProvenance(damaged)]
      for (const [attempt, outcome] of (await Promise.allSettled<unknown>(attempts)).entries()) {
        if (outcome.status === 'fulfilled') continue
        if (attempt === 0) refused++
        const reason: unknown = outcome.reason
        expect(reason, `round ${round}: ${(reason as Error).stack}`).toBeInstanceOf(MediaError)
      }
    }
    // Both ways out are taken: some damage lies where no pixel depends on it.
    expect(refused).toBeGreaterThan(150)
    expect(refused).toBeLessThan(500)
  },
)
