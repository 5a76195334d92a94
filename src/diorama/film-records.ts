import { GeneraError } from '../graph/errors.js'
import { key } from '../graph/random/index.js'
import type { Audio } from '../media/audio.js'
import type { Video } from '../media/video.js'
import type { StoryConstraints } from './constraints.js'
import type { CaptionLength } from './language/caption.js'
import { storyCaption } from './language/story.js'
import { type FrameTruth, filmFrames, filmTruth } from './motion/frames.js'
import { playStory } from './motion/play.js'
import { sampleStory } from './motion/sample.js'
import type { Story } from './motion/story.js'
import type { Together, WorldName } from './records.js'
import { soundOf } from './sound/sound.js'
import type { Split } from './splits.js'
import { diorama } from './worlds.js'

/** What a record of a film can hold beside its story. */
interface FilmParts {
  readonly video: { readonly video: Video }
  readonly sound: { readonly sound: Audio }
  /** True sentences about what happens, and what they say. */
  readonly caption: { readonly caption: string; readonly constraints: StoryConstraints }
  readonly truth: { readonly truth: readonly FrameTruth[] }
}

export type FilmKind = keyof FilmParts
export const filmKinds = ['video', 'sound', 'caption', 'truth'] as const satisfies readonly FilmKind[]

export interface FilmRecordOptions<Kind extends FilmKind> {
  readonly world: WorldName
  readonly seed: number
  readonly split: Split
  /** Width and height in pixels. */
  readonly size: number
  /** How many frames, spread over the whole of each film. */
  readonly frames: number
  /** Of the sound, in Hz. */
  readonly sampleRate: number
  /** How many things happen; drawn from one to three if it is not said. */
  readonly actions?: number
  readonly kinds: readonly Kind[]
  /** Of the captions; drawn if it is not said. */
  readonly captionLength?: CaptionLength
}

export type FilmRecord<Kind extends FilmKind> = { readonly index: number; readonly story: Story } & Together<FilmParts[Kind]>

/** The records of a dataset of films, as a pure function of their index. */
export function filmRecords<Kind extends FilmKind>(options: FilmRecordOptions<Kind>): (index: number) => FilmRecord<Kind> {
  const { world, seed, split, size, frames, sampleRate, actions, kinds, captionLength } = options
  const wanted: ReadonlySet<FilmKind> = new Set(kinds)
  const unknown = kinds.find((kind) => !filmKinds.includes(kind))
  if (unknown !== undefined) throw new GeneraError('diorama', `Cannot make "${unknown}" of a film: there is ${filmKinds.join(', ')}`)
  if (!Object.hasOwn(diorama, world))
    throw new GeneraError('diorama', `Cannot find the world "${world}": there is ${Object.keys(diorama).join(', ')}`)
  if (!Number.isSafeInteger(frames) || frames < 1)
    throw new GeneraError('diorama', `Cannot make films of ${frames} frames: expected a whole number from 1`)
  const root = key(seed).child('diorama films', world, split)
  return (index) => {
    const own = root.child(index)
    const story = sampleStory(own.child('story'), diorama[world], { split, ...(actions !== undefined && { actions }) })
    const film = playStory(story)
    const view = { width: size, height: size, frameRate: frames / film.duration }
    const sound = wanted.has('sound') && soundOf(film, { sampleRate })
    const told =
      wanted.has('caption') && storyCaption(story, own.child('caption'), { split, ...(captionLength && { length: captionLength }) })
    return {
      index,
      story,
      ...(wanted.has('video') && {
        video: { frameRate: view.frameRate, frames: [...filmFrames(film, view)], ...(sound && { audio: sound }) },
      }),
      ...(sound && { sound }),
      ...(told && { caption: told.text, constraints: told.constraints }),
      ...(wanted.has('truth') && { truth: filmTruth(film, view) }),
    } as unknown as FilmRecord<Kind>
  }
}
