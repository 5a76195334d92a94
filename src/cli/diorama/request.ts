import type { Film } from '../../diorama/motion/film.js'
import { playStory } from '../../diorama/motion/play.js'
import { sampleStory } from '../../diorama/motion/sample.js'
import type { WorldName } from '../../diorama/records.js'
import { sampleScene } from '../../diorama/sample.js'
import type { Scene, Setting, Style, Time } from '../../diorama/scene.js'
import { diorama } from '../../diorama/worlds.js'
import { UsageError } from '../usage-error.js'

/** The words of a command line that say what a scene is. */
export interface SceneRequest {
  readonly seed: number
  readonly world: WorldName
  readonly style?: Style
  readonly setting?: Setting
  readonly time?: Time
  /** Of a film; as long as its story if it is not said. */
  readonly seconds?: number
}

/** The scene of a seed, with the words that the user chose in place of the drawn ones. */
export const sceneOf = (request: SceneRequest): Scene => chosen(sampleScene(request.seed, diorama[request.world]), request)

/** The film of a seed; its story is drawn apart from the scene of the same seed. */
export function filmOf(request: SceneRequest): Film {
  const story = sampleStory(request.seed, diorama[request.world])
  const { seconds: duration = story.duration } = request
  // What would begin after the last frame does not happen.
  const actions = story.actions.filter(({ start }) => start < duration)
  return playStory({ scene: chosen(story.scene, request), actions, duration })
}

function chosen(drawn: Scene, { style, setting, time }: SceneRequest): Scene {
  const place = setting ?? drawn.setting
  const light = place === 'night city' ? 'night' : (time ?? drawn.time)
  if (time && time !== light)
    throw new UsageError(`Cannot show the night city by ${time}: there it is always night`, 'Leave out --time, or choose another --setting')
  return { ...drawn, setting: place, time: light, style: style ?? drawn.style }
}
