import type { Parameters } from '../../nn/index.js'
import { writeSafetensors } from '../../weights/index.js'
import { matchObjects, wholeMatch } from './accuracy.js'
import { type Calibration, calibrationText, fitCalibration } from './calibration.js'
import { degraded } from './degraded.js'
import { readerSizes } from './network.js'
import { type Reader, readerOf } from './reader.js'
import { examples } from './train.js'

/** Scenes of these seeds are for calibration alone; neither training nor judging comes near them. */
const calibrationSeed = 500_000

/** Fits a reader that is not calibrated yet on fresh renders of both worlds, a third of them soft and a third noisy. */
export async function calibrationOf(reader: Reader, { scenes = 600 }: { readonly scenes?: number } = {}): Promise<Calibration> {
  const said: number[] = []
  const right: boolean[] = []
  for (const world of ['simple', 'full'] as const) {
    const all = await examples(world, scenes, { size: readerSizes.embedded.pixels, seed: calibrationSeed })
    const third = Math.ceil(scenes / 3)
    const seen = [
      ...all.slice(0, third),
      ...degraded(all.slice(third, 2 * third), { blur: 1 }),
      ...degraded(all.slice(2 * third), { noise: 16 }),
    ]
    const readings = await reader.read(seen.map(({ image }) => image))
    readings.forEach((reading, i) => {
      const pairs = matchObjects(reading.objects, seen[i]?.reading.objects ?? [])
      for (const one of reading.objects) {
        said.push(one.confidence)
        right.push(wholeMatch(one, pairs.get(one)))
      }
    })
  }
  return fitCalibration(said, right)
}

/** Calibrates trained parameters and writes them as the checkpoint that `loadReader` opens. */
export async function writeReader(path: string, parameters: Parameters): Promise<void> {
  const reader = readerOf(parameters)
  const calibration = await calibrationOf(reader)
  await reader.dispose()
  await writeSafetensors(path, Object.entries(parameters), { dtype: 'float16', metadata: { calibration: calibrationText(calibration) } })
}
