import { key } from '../../graph/random/index.js'
import type { Audio } from '../../media/audio.js'
import { project } from '../camera.js'
import type { Film } from '../motion/film.js'
import type { Motion } from '../motion/track.js'
import { colours, radius, type SceneObject, type Vector } from '../scene.js'
import { addAmbience } from './ambience.js'
import { addRubbing, rubbingLoudness } from './friction.js'
import { addHit, addSine, type Gains, type Mix } from './hit.js'
import { loudnessOf, softness } from './modes.js'
import { fadeIn, fadeOut, limit, panGains, sampleCount } from './signal.js'

export interface SoundEvent {
  /** In seconds from the beginning of the film, exact. */
  readonly time: number
  /** A blow, a stretch of rolling or sliding, or the chime of an object that appears. */
  readonly kind: 'hit' | 'roll' | 'slide' | 'chime'
  /** How long rolling and sliding last, in seconds; blows and chimes ring as they like. */
  readonly duration?: number
  /** Index into the story's objects. */
  readonly object: number
  /** 0 to 1. */
  readonly loudness: number
  /** -1 (left) to 1 (right), as the camera sees it at that time. */
  readonly pan: number
}

/** Everything that can be heard in a film besides its ambience, in the order of time. A blow between two objects is two events. */
export function soundEvents(film: Film): SoundEvent[] {
  const hits = film.contacts
    .filter(({ kind }) => kind === 'hit')
    .flatMap(({ time, objects, impulse, position }) =>
      objects
        .filter((object) => object !== 'ground')
        .map((object): SoundEvent => ({ time, kind: 'hit', object, loudness: loudnessOf(impulse), pan: panOf(film, position, time) })),
    )
  const rubbings = film.motions.flatMap((motion): SoundEvent[] => {
    const kind = rubbingKind(film, motion)
    if (!kind || motion.start >= film.duration) return []
    const end = Math.min(motion.end, film.duration)
    const middle = (motion.start + end) / 2
    const loudness = rubbingLoudness(kind, Math.max(rubbingSpeed(film, motion, motion.start), rubbingSpeed(film, motion, middle)))
    const pan = panOf(film, motion.poseAt(middle).position, middle)
    return [{ time: motion.start, kind, duration: end - motion.start, object: motion.object, loudness, pan }]
  })
  const chimes = film.story.actions.flatMap(({ script, object, start }): SoundEvent[] =>
    script === 'appear' && object !== undefined && start < film.duration
      ? [{ time: start, kind: 'chime', object, loudness: 0.3, pan: panOf(film, objectOf(film, object).position, start) }]
      : [],
  )
  return [...hits, ...rubbings, ...chimes].sort((a, b) => a.time - b.time)
}

/**
 * What a film sounds like, in stereo, exactly as long as the film: blows by shape, material and size, rolling, sliding, chimes,
 * each heard from where it is seen, and the place's ambience. Seeded by the scene.
 */
export function soundOf(film: Film, { sampleRate = 24000, ambience = true }: { sampleRate?: number; ambience?: boolean } = {}): Audio {
  const { scene } = film.story
  const samples = sampleCount(film.duration, sampleRate)
  const mix: Mix = { sampleRate, left: new Float32Array(samples), right: new Float32Array(samples) }
  const random = key(scene.seed).child('sound')
  if (ambience) addAmbience(mix, scene.setting, random.child('ambience'), scene.time)

  for (const [n, { time, objects, kind, impulse, position }] of film.contacts.entries()) {
    if (kind !== 'hit') continue
    const soft = objects[1] === 'ground' ? softness[scene.setting] : 0
    const gains = gainsAt(film, position, time)
    for (const index of objects)
      if (index !== 'ground')
        addHit(mix, Math.round(time * sampleRate), { ...objectOf(film, index), impulse }, gains, random.child('hit', n, index), soft)
  }

  for (const [n, motion] of film.motions.entries()) {
    const kind = rubbingKind(film, motion)
    const start = Math.round(motion.start * sampleRate)
    if (!kind || start >= samples) continue
    const object = objectOf(film, motion.object)
    const place = (t: number): Vector => motion.poseAt(motion.start + t).position
    addRubbing(
      mix,
      start,
      {
        kind,
        object,
        setting: scene.setting,
        seconds: motion.end - motion.start,
        speedAt: (t) => rubbingSpeed(film, motion, Math.min(motion.start + t, motion.end)),
        gainsAt: (t) => gainsAt(film, place(t), motion.start + t),
      },
      random.child('rubbing', n),
    )
  }

  for (const { script, object, start } of film.story.actions)
    if (script === 'appear' && object !== undefined)
      addChime(mix, Math.round(start * sampleRate), objectOf(film, object), gainsAt(film, objectOf(film, object).position, start))

  const channels = [mix.left, mix.right].map((channel) => fadeOut(fadeIn(limit(channel), sampleRate, 0.002), sampleRate))
  return { sampleRate, channels }
}

const objectOf = (film: Film, index: number): SceneObject => film.story.scene.objects[index] as SceneObject

/** What a motion rubs with: a ball in orbit rolls, a spin scrapes, and what flies, tumbles or topples makes no such sound. */
function rubbingKind(film: Film, { kind, object }: Motion): 'roll' | 'slide' | undefined {
  if (kind === 'orbit') return objectOf(film, object).shape === 'sphere' ? 'roll' : 'slide'
  if (kind === 'spin') return 'slide'
  return kind === 'roll' || kind === 'slide' ? kind : undefined
}

/** Of the surfaces against each other, or over each other: in a spin, halfway out. */
const rubbingSpeed = (film: Film, motion: Motion, time: number): number =>
  motion.kind === 'spin'
    ? (Math.abs(motion.turningAt(time)) * radius(objectOf(film, motion.object))) / 2
    : Math.hypot(...motion.velocityAt(time))

function panOf(film: Film, position: Vector, time: number): number {
  const { x, depth } = project(film.cameraAt(time), position, { width: 1, height: 1 })
  return depth > 0 ? Math.min(Math.max(2 * x - 1, -1), 1) : 0
}

/** Equal power by the place in the picture, and softer with distance: half as loud at three times as far as the camera's target. */
function gainsAt(film: Film, position: Vector, time: number): Gains {
  const camera = film.cameraAt(time)
  const { x, depth } = project(camera, position, { width: 1, height: 1 })
  const [left, right] = panGains(depth > 0 ? 2 * x - 1 : 0)
  const near = Math.min((camera.distance / Math.max(depth, 0.5)) ** 0.63, 1.6)
  return [left * near, right * near]
}

/** Steps of a pentatonic scale above A5, so that objects of different colours chime together well. */
const steps = [0, 2, 4, 7, 9, 12, 14, 16, 19, 21]

function addChime(mix: Mix, at: number, { colour, size }: SceneObject, gains: Gains): void {
  const pitch = (size === 'large' ? 440 : 880) * 2 ** ((steps[colours.indexOf(colour)] ?? 0) / 12)
  for (const [ratio, gain] of [
    [1, 0.07],
    [2.01, 0.035],
    [3.02, 0.015],
  ] as const)
    addSine(mix, at, pitch * ratio, 1.1 / ratio, gain, gains)
}
