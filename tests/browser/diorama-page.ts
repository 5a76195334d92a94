import {
  captionOf,
  type DioramaDatasetOptions,
  diorama,
  dioramaDataset,
  frameAt,
  playStory,
  type RenderOptions,
  renderScene,
  type Scene,
  type SceneRecord,
  sampleScene,
  sampleStory,
  sceneMesh,
  soundOf,
  storyCaption,
} from '../../src/diorama/index.js'
import { key } from '../../src/graph/random/index.js'

type RecordKind = 'image' | 'caption' | 'mask' | 'truth'

/** What is asked of the diorama, in a page (as `genera`) and in Node alike. */
export const program = {
  scene: (seed: number): Scene => sampleScene(seed, diorama.full),
  render: (scene: Scene, options: RenderOptions) => renderScene(scene, options),
  captions: (seeds: readonly number[]) => seeds.map((seed) => captionOf(program.scene(seed), key(seed))),
  stories: (seeds: readonly number[]) =>
    seeds.map((seed) => {
      const story = sampleStory(seed, diorama.full)
      return { story, told: storyCaption(story, key(seed)) }
    }),
  sound: (seed: number) => soundOf(playStory(sampleStory(seed, diorama.full)), { sampleRate: 16_000 }),
  frame: (seed: number, time: number, options: RenderOptions) => frameAt(playStory(sampleStory(seed, diorama.full)), time, options),
  mesh: (scene: Scene) => sceneMesh(scene, { detail: 16 }),

  /**
   * The records of a dataset that threads make. `script` names the worker's script as a page's own code would, for a bundler to see;
   * otherwise it is looked for beside the diorama's own script.
   */
  async records(options: DioramaDatasetOptions<RecordKind>, script?: string): Promise<SceneRecord<RecordKind>[]> {
    const start = script === undefined ? {} : { script: () => new Worker(new URL(script, import.meta.url), { type: 'module' }) }
    const records: SceneRecord<RecordKind>[] = []
    for await (const record of dioramaDataset({ ...options, ...start }).prefetch(4)) records.push(record)
    return records
  },
}

export type Page = typeof program

if ('document' in globalThis) Object.assign(globalThis, { genera: program })
