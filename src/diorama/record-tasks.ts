import type { RecordFunction } from '../training/workers.js'
import { type SceneKind, type SceneRecordOptions, sceneRecords } from './records.js'
import { renderScene } from './render/render-scene.js'
import type { Scene } from './scene.js'

/** What a worker of the diorama can be asked to make, record by record. Plain values: they travel to the worker. */
export type RecordTask =
  | { readonly task: 'scenes'; readonly options: SceneRecordOptions<SceneKind> }
  /** Pictures of these very scenes. */
  | { readonly task: 'pictures'; readonly scenes: readonly Scene[]; readonly width: number; readonly height: number }

/** The task as a function of the index; workers and the main thread run the same code. */
export function recordsOf(task: RecordTask): RecordFunction<unknown> {
  switch (task.task) {
    case 'scenes':
      return sceneRecords(task.options)
    case 'pictures': {
      const { scenes, width, height } = task
      return (index) => renderScene(scenes[index] as Scene, { width, height }).image
    }
  }
}
