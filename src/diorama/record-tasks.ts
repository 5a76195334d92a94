import type { RecordFunction } from '../training/workers.js'
import { type FilmKind, type FilmRecordOptions, filmRecords } from './film-records.js'
import { frameAt, frameTimes } from './motion/frames.js'
import { playStory } from './motion/play.js'
import type { Story } from './motion/story.js'
import { type SceneKind, type SceneRecordOptions, sceneRecords } from './records.js'
import { renderScene } from './render/render-scene.js'
import type { Scene } from './scene.js'

/** What a worker of the diorama can be asked to make, record by record. Plain values: they travel to the worker. */
export type RecordTask =
  | { readonly task: 'scenes'; readonly options: SceneRecordOptions<SceneKind> }
  | { readonly task: 'films'; readonly options: FilmRecordOptions<FilmKind> }
  /** The frames of this very film. */
  | { readonly task: 'frames'; readonly story: Story; readonly frameRate: number; readonly width: number; readonly height: number }
  /** Pictures of these very scenes. */
  | { readonly task: 'pictures'; readonly scenes: readonly Scene[]; readonly width: number; readonly height: number }

/** The task as a function of the index; workers and the main thread run the same code. */
export function recordsOf(task: RecordTask): RecordFunction<unknown> {
  switch (task.task) {
    case 'scenes':
      return sceneRecords(task.options)
    case 'films':
      return filmRecords(task.options)
    case 'frames': {
      const { story, frameRate, width, height } = task
      const film = playStory(story)
      const times = frameTimes(film, { frameRate })
      return (index) => frameAt(film, times[index] as number, { width, height })
    }
    case 'pictures': {
      const { scenes, width, height } = task
      return (index) => renderScene(scenes[index] as Scene, { width, height }).image
    }
  }
}
