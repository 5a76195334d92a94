import { array, type Concrete, key, type NDArray, placeholder, uniform } from '../../graph/index.js'
import type { Image } from '../../media/image.js'
import { initialise, type Parameters, type Scope } from '../../nn/index.js'
import { muon, type RunOptions, schedules, type TrainingEvent, train } from '../../training/index.js'
import { dioramaDataset } from '../dataset.js'
import { type Reading, readingOf } from '../reading.js'
import { augment, type Seen } from './augment.js'
import { type ReaderBatch, readerLoss } from './loss.js'
import { cellsOf, objectWordNames, type ReaderSize, reader, readerSizes, sceneWordNames } from './network.js'
import { targetsOf } from './targets.js'

export interface ReaderTraining extends Omit<RunOptions, 'learningRate'> {
  readonly size?: ReaderSize
  /** How many scenes of each world are rendered; every one is seen many times, each time changed. */
  readonly scenes?: Readonly<Record<'simple' | 'full', number>>
  /** What to start from in place of chance. */
  readonly initial?: Parameters
  /** Rendering comes first and takes minutes. */
  readonly onRender?: (done: number, total: number) => void
}

export interface Example {
  readonly image: Image
  readonly reading: Reading
}

/** Seeds from here on are for judging; training never comes near them. */
export const judgingSeed = 1_000_000

/** Rendered scenes with the readings that a perfect reader would give. Both splits: the reader must know held-out pairs, or it could not judge them. */
export async function examples(
  world: 'simple' | 'full',
  count: number,
  { size, seed, onRender }: { size: number; seed: number; onRender?: (done: number) => void },
): Promise<Example[]> {
  const scenes = dioramaDataset({ world, seed, split: 'all', size, kinds: ['image'], length: count, threads: 2 })
  const made: Example[] = []
  for await (const { image, scene } of scenes.prefetch(64)) {
    made.push({ image, reading: readingOf(scene) })
    if (made.length % 500 === 0) onRender?.(made.length)
  }
  return made
}

/** Trains the reader; the event `done` carries its averaged parameters. */
export async function* trainReader({
  size = readerSizes.embedded,
  scenes = { simple: 8000, full: 24_000 },
  steps = 10_000,
  batch = 48,
  seed = 1,
  initial = {},
  checkpoint,
  signal,
  onRender,
}: ReaderTraining = {}): AsyncGenerator<TrainingEvent, void, undefined> {
  const total = scenes.simple + scenes.full
  const render = (world: 'simple' | 'full', before: number): Promise<Example[]> =>
    examples(world, scenes[world], {
      size: size.pixels,
      seed,
      onRender: (done) => {
        signal?.throwIfAborted() // there is nothing to save yet
        onRender?.(before + done, total)
      },
    })
  const pool = [...(await render('simple', 0)), ...(await render('full', scenes.simple))]
  const root = key(seed).child('reader')
  yield* train<ReaderBatch>(
    {
      name: 'diorama-reader',
      loss: (scope: Scope, given: ReaderBatch) => readerLoss(reader(scope, given.pictures, size), given),
      parameters: {
        ...initialise((scope) => reader(scope, placeholder([batch, 3, size.pixels, size.pixels]), size), { seed }),
        ...initial,
      },
      batch: (step) => {
        const own = root.child(step)
        const picks = uniform(own.child('picks'), [batch]).data
        return collate(
          Array.from({ length: batch }, (_, i) => {
            const { image, reading } = pool[Math.floor((picks[i] as number) * pool.length)] as Example
            return augment(image, reading, own.child(i))
          }),
          size,
        )
      },
      optimiser: muon({ weightDecay: 0.02, decays: (name) => name.endsWith('.weight') && !name.includes('norm') }),
      schedule: schedules.warmUp(200, schedules.cosine(2e-3, steps, 2e-5)),
      steps,
      clip: 5,
      average: 0.998,
      ...(checkpoint && { checkpoint: { path: checkpoint, every: 250 } }),
    },
    signal ? { signal } : {},
  )
}

/** Pictures and their targets as one batch. */
export function collate(seen: readonly Seen[], size: ReaderSize): Concrete<ReaderBatch> {
  const cells = cellsOf(size)
  const targets = seen.map(({ reading }) => targetsOf(reading, cells))
  const grid = [seen.length, cells, cells]
  const floats = (parts: readonly Float32Array[], shape: readonly number[]): NDArray => array(joined(parts), { shape })
  const indices = (parts: readonly ArrayLike<number>[], shape: readonly number[]): NDArray => {
    const whole = new Int32Array(shape.reduce((a, b) => a * b, 1))
    let at = 0
    for (const part of parts) for (let i = 0; i < part.length; i++) whole[at++] = part[i] as number
    return array(whole, { shape, dtype: 'int64' })
  }
  return {
    pictures: floats(
      seen.map((one) => one.pixels),
      [seen.length, 3, size.pixels, size.pixels],
    ),
    heat: floats(
      targets.map(({ heat }) => heat),
      grid,
    ),
    weight: floats(
      targets.map(({ weight }) => weight),
      grid,
    ),
    box: floats(
      targets.map(({ box }) => box),
      [...grid, 4],
    ),
    object: named(objectWordNames, (name) =>
      indices(
        targets.map(({ object }) => object[name]),
        grid,
      ),
    ),
    scene: named(sceneWordNames, (name) =>
      indices(
        targets.map(({ scene }) => [scene[name]]),
        [seen.length],
      ),
    ),
  }
}

const named = <Name extends string, T>(names: readonly Name[], make: (name: Name) => T): Record<Name, T> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>

function joined(parts: readonly Float32Array[]): Float32Array {
  const length = parts[0]?.length ?? 0
  const whole = new Float32Array(length * parts.length)
  parts.forEach((part, i) => void whole.set(part, i * length))
  return whole
}
