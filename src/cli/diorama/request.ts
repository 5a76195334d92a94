import type { WorldName } from '../../diorama/records.js'
import { sampleScene } from '../../diorama/sample.js'
import type { Scene, Setting, Style, Time } from '../../diorama/scene.js'
import { diorama } from '../../diorama/worlds.js'
import type { Provenance } from '../../media/provenance.js'
import { UsageError } from '../usage-error.js'
import { version } from '../version.js'

/** What `genera diorama` is asked to make. */
export interface SceneRequest {
  readonly seed: number
  readonly world: WorldName
  /** Width and height of a picture, in pixels. */
  readonly size: number
  readonly style?: Style
  readonly setting?: Setting
  readonly time?: Time
}

/** The scene of a seed, with the words that the user chose in place of the drawn ones. */
export function sceneOf({ seed, world, style, setting, time }: SceneRequest): Scene {
  const drawn = sampleScene(seed, diorama[world])
  const place = setting ?? drawn.setting
  const light = place === 'night city' ? 'night' : (time ?? drawn.time)
  if (time && time !== light)
    throw new UsageError(`Cannot show the night city by ${time}: there it is always night`, 'Leave out --time, or choose another --setting')
  return { ...drawn, setting: place, time: light, style: style ?? drawn.style }
}

/** How a file of the diorama was made, so that `genera again` can make it again. `options` are those of the command line, by name. */
export function provenanceOf(seed: number, options: Provenance['options'], ending: string): Provenance {
  const flags = Object.entries(options).map(([name, value]) => ` --${name} ${quoted(String(value))}`)
  const command = `genera diorama --seed ${seed}${flags.join('')} -o diorama.${ending}`
  return { generator: 'genera', version, system: 'diorama', options, seed, command }
}

const quoted = (text: string): string => (/^[\w.:-]+$/.test(text) ? text : `"${text}"`)
