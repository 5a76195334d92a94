import type { Image } from '../media/image.js'
import { type Dataset, dataset } from '../training/dataset.js'
import { type WorkerScript, workerDataset } from '../training/workers.js'
import type { FilmKind, FilmRecord, FilmRecordOptions } from './film-records.js'
import { frameTimes } from './motion/frames.js'
import { playStory } from './motion/play.js'
import type { Story } from './motion/story.js'
import { type RecordTask, recordsOf } from './record-tasks.js'
import type { SceneKind, SceneRecord, SceneRecordOptions } from './records.js'
import type { Scene } from './scene.js'

export interface ThreadOptions {
  /** Worker threads that make the records; all cores but one if it is not said, 0 for none but the calling thread. */
  readonly threads?: number
  /** Only for bundlers, which must see it: `() => new Worker(new URL('genera/diorama/record-worker', import.meta.url), { type: 'module' })`. */
  readonly script?: WorkerScript
}

export interface DioramaDatasetOptions<Kind extends SceneKind> extends Partial<SceneRecordOptions<Kind>>, ThreadOptions {
  /** How many scenes; without it they never end. */
  readonly length?: number
}

/**
 * Scenes of the procedural world with everything that is true of them, made in worker threads. A record is a pure function of seed,
 * split, world and index: nothing is stored, and every run sees the same data.
 *
 *     const scenes = dioramaDataset({ world: 'simple', seed: 7, split: 'train', size: 64, kinds: ['image', 'caption'] })
 *     for await (const { image, caption } of scenes.prefetch(32)) …
 *
 * By default: `diorama.simple`, seed 0, split train, 64 pixels, picture and caption.
 */
export function dioramaDataset<Kind extends SceneKind = 'image' | 'caption'>({
  length,
  threads,
  script,
  ...given
}: DioramaDatasetOptions<Kind> = {}): Dataset<SceneRecord<Kind>> {
  const defaults = { world: 'simple', seed: 0, split: 'train', size: 64, kinds: ['image', 'caption'] as never } as const
  const options: SceneRecordOptions<Kind> = { ...defaults, ...given }
  return taskDataset<SceneRecord<Kind>>({ task: 'scenes', options }, length, { threads, script })
}

export interface DioramaFilmsOptions<Kind extends FilmKind> extends Partial<FilmRecordOptions<Kind>>, ThreadOptions {
  /** How many films; without it they never end. */
  readonly length?: number
}

/**
 * Films of the procedural world: a story, its pictures, its sound and a caption, made in worker threads. Records are pure functions of seed, split, world
 * and index, like those of `dioramaDataset`.
 *
 * By default: `diorama.simple`, seed 0, split train, 16 frames of 64 pixels over the whole film, with sound at 24 kHz.
 */
export function dioramaFilms<Kind extends FilmKind = 'video' | 'sound' | 'caption'>({
  length,
  threads,
  script,
  ...given
}: DioramaFilmsOptions<Kind> = {}): Dataset<FilmRecord<Kind>> {
  const defaults = {
    world: 'simple',
    seed: 0,
    split: 'train',
    size: 64,
    frames: 16,
    sampleRate: 24_000,
    kinds: ['video', 'sound', 'caption'] as never,
  } as const
  const options: FilmRecordOptions<Kind> = { ...defaults, ...given }
  return taskDataset<FilmRecord<Kind>>({ task: 'films', options }, length, { threads, script })
}

/** The frames of a story, rendered in worker threads: one every 1 / frameRate seconds. */
export function storyFrames(
  story: Story,
  { frameRate, width, height, ...threads }: { readonly frameRate: number; readonly width: number; readonly height: number } & ThreadOptions,
): Dataset<Image> {
  const { length } = frameTimes(playStory(story), { frameRate })
  return taskDataset<Image>({ task: 'frames', story, frameRate, width, height }, length, threads)
}

/** Pictures of given scenes, rendered in worker threads: a contact sheet, views of one scene. */
export function scenePictures(
  scenes: readonly Scene[],
  { width, height, ...threads }: { readonly width: number; readonly height: number } & ThreadOptions,
): Dataset<Image> {
  return taskDataset<Image>({ task: 'pictures', scenes, width, height }, scenes.length, threads)
}

function taskDataset<T>(
  task: RecordTask,
  length: number | undefined,
  { threads, script }: { readonly [Name in keyof ThreadOptions]: ThreadOptions[Name] | undefined },
): Dataset<T> {
  const sized = length === undefined ? {} : { length }
  // A wrong option is a sentence here, not one that travels back from every thread.
  const record = recordsOf(task) as (index: number) => T
  if (threads === 0) return dataset({ ...sized, record })
  const where = script ?? new URL('./record-worker.js', import.meta.url)
  return workerDataset({ script: where, options: task, ...sized, ...(threads !== undefined && { threads }) })
}
