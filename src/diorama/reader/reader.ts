import { array, type Compiled, compile, concat, flip, GeneraError, type Tensor } from '../../graph/index.js'
import type { Image } from '../../media/image.js'
import { resizeImage } from '../../media/resize.js'
import { given, type Parameters, type Scope } from '../../nn/index.js'
import { type ByteSource, type Checkpoint, embeddedWeights, openCheckpoint } from '../../weights/index.js'
import type { Reading } from '../reading.js'
import { planesOf } from './augment.js'
import { type Calibration, parseCalibration } from './calibration.js'
import { type DecodeOptions, decodeReading } from './decode.js'
import { type ReaderLogits, type ReaderSize, reader, readerSizes } from './network.js'

/** Reads pictures: which objects are there, what they are like, and where. */
export interface Reader {
  /** Square pictures of any size; several at once are faster than one after the other. */
  read(pictures: readonly Image[], options?: DecodeOptions): Promise<Reading[]>
  dispose(): Promise<void>
}

/** How many pictures go through the network at once. */
const batchSize = 32

/**
 * The trained reader that comes with genera, or one from another checkpoint.
 *
 *     const reader = await loadReader()
 *     const [reading] = await reader.read([picture])
 *
 * @throws CheckpointError if the checkpoint is missing, damaged or of another network
 */
export async function loadReader(source: ByteSource = embeddedWeights('diorama-reader')): Promise<Reader> {
  const checkpoint = await openCheckpoint(source)
  return readerOf(await parametersIn(checkpoint), readerSizes.embedded, parseCalibration(checkpoint.metadata.get('calibration')))
}

/** The parameters of a reader's checkpoint as float32, to go on training from. */
export const readerParameters = async (source: ByteSource): Promise<Parameters> =>
  Object.fromEntries(Object.entries(await parametersIn(await openCheckpoint(source))).map(([name, value]) => [name, value.cast('float32')]))

const parametersIn = async (checkpoint: Checkpoint): Promise<Parameters> =>
  Object.fromEntries(await Promise.all(checkpoint.names.map(async (name) => [name, await checkpoint.read(name)] as const)))

/** A reader over parameters that are at hand. */
export function readerOf(parameters: Parameters, size: ReaderSize = readerSizes.embedded, calibration?: Calibration): Reader {
  const program: Compiled<[Tensor], ReaderLogits> = compile((pictures: Tensor) => readTwice(given(parameters), pictures, size))
  return {
    async read(pictures, options) {
      const readings: Reading[] = []
      for (let first = 0; first < pictures.length; first += batchSize) {
        const part = pictures.slice(first, first + batchSize)
        const pixels = new Float32Array(part.length * 3 * size.pixels ** 2)
        part.forEach((picture, i) => void pixels.set(planesOf(fitted(picture, size.pixels)), i * 3 * size.pixels ** 2))
        const output = await program(array(pixels, { shape: [part.length, 3, size.pixels, size.pixels] }))
        part.forEach((_, i) => void readings.push(decodeReading(output, i, { calibration, ...options })))
      }
      return readings
    },
    dispose: () => program.dispose(),
  }
}

/**
 * The mean of what the network says of pictures and of their mirror images: its slips differ, so a twentieth of
 * them go away.
 */
function readTwice(scope: Scope, pictures: Tensor, size: ReaderSize): ReaderLogits {
  const both = reader(scope, concat([pictures, flip(pictures, 3)], 0), size)
  const mean = (x: Tensor, turned: (mirrored: Tensor) => Tensor): Tensor => {
    const [seen, mirrored] = x.split(2, 0) as [Tensor, Tensor]
    return seen.add(turned(mirrored)).mul(0.5)
  }
  const columns = (x: Tensor): Tensor => flip(x, 2)
  const mapped = <Name extends string>(values: Readonly<Record<Name, Tensor>>, map: (x: Tensor) => Tensor) =>
    Object.fromEntries(Object.entries<Tensor>(values).map(([name, x]) => [name, map(x)])) as Record<Name, Tensor>
  return {
    middle: mean(both.middle, columns),
    box: mean(both.box, (box) => {
      const [x, others] = columns(box).split([1, 3], -1) as [Tensor, Tensor]
      return concat([x.neg().add(1), others], -1)
    }),
    object: mapped(both.object, (x) => mean(x, columns)),
    scene: mapped(both.scene, (x) => mean(x, (mirrored) => mirrored)),
  }
}

function fitted(picture: Image, pixels: number): Image {
  const { width, height } = picture
  if (width !== height)
    throw new GeneraError(
      'reader',
      `Cannot read a picture of ${width} × ${height} pixels: the reader was trained on squares`,
      'Crop it first',
    )
  return width === pixels ? picture : resizeImage(picture, { width: pixels, height: pixels, filter: 'box' })
}
