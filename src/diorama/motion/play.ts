import type { Scene } from '../scene.js'
import { collide, firstMeeting, isAnchored, type Meeting, skin, standsOn } from './collisions.js'
import { type Film, fade } from './film.js'
import { gapBetween } from './hull.js'
import { cameraAt } from './pan.js'
import { perform, touch } from './perform.js'
import { type Action, canPerform, type Story, StoryError } from './story.js'
import { type Contact, isTravel, Track } from './track.js'

/** More blows than this between the objects of one story mean that something is wrong with it. */
const mostBlows = 200

/**
 * Plays a story by the laws of motion. Every stretch of motion has a closed form and collisions are roots that are found to a
 * tenth of a millimetre, which a step-by-step physics engine would not give: any instant can be asked for on its own, contacts
 * have exact times for the sound, and no frame rate changes what happens.
 *
 * @throws StoryError if it cannot happen; the sentence says which action fails, and why
 */
export function playStory(story: Story): Film {
  const { scene, actions } = story
  checkStory(story)
  const appearances = scene.objects.map((_, i) => actions.find((a) => a.script === 'appear' && a.object === i)?.start ?? 0)
  const tracks = scene.objects.map((object, i) => new Track(object, appearances[i] as number))
  checkBeginning(tracks)
  const contacts: Contact[] = []
  const pending = [...actions.keys()].sort((a, b) => (actions[a] as Action).start - (actions[b] as Action).start)
  let now = 0
  for (let blows = 0; ; ) {
    const upcoming = pending[0]
    const next = upcoming === undefined ? Number.POSITIVE_INFINITY : (actions[upcoming] as Action).start
    const met = earliestMeeting(tracks, now, next)
    if (met) {
      if (++blows > mostBlows) throw new StoryError({ problem: `its objects hit each other more than ${mostBlows} times` })
      now = met.time
      checkBlow(tracks, met, story)
      // What was foretold for the two, such as a later landing, is void from here on: collide() plans their ways anew.
      contacts.push(collide(tracks, met.first, met.second, met, scene.setting))
    } else if (upcoming !== undefined) {
      pending.shift()
      now = next
      contacts.push(...launch(story, tracks, upcoming))
    } else break
  }
  return filmOf(story, tracks, contacts)
}

/** Two things in one place at the beginning could not be told from two that run into each other. */
function checkBeginning(tracks: readonly Track[]): void {
  const there = [...tracks.entries()].filter(([, track]) => track.appearance === 0)
  for (const [i, { object }] of there)
    for (const [j, { object: other }] of there)
      if (i < j && gapBetween(object, other).distance <= 0 && !standsOn(object, other) && !standsOn(other, object))
        throw new StoryError({ problem: `objects ${i} and ${j} overlap at its beginning`, hint: 'Move them apart' })
}

interface Encounter extends Meeting {
  readonly first: number
  readonly second: number
}

function earliestMeeting(tracks: readonly Track[], from: number, until: number): Encounter | undefined {
  let best: Encounter | undefined
  for (const [i, a] of tracks.entries())
    for (let j = i + 1; j < tracks.length; j++) {
      const meeting = firstMeeting(a, tracks[j] as Track, from, best?.time ?? until)
      if (meeting) best = { ...meeting, first: i, second: j }
    }
  return best
}

function checkBlow(tracks: readonly Track[], { first, second, time }: Encounter, { scene }: Story): void {
  const freeOrTravelling = [first, second].every((i) => {
    const motion = tracks[i]?.motionAt(time)
    return motion === undefined || isTravel(motion)
  })
  const name = (i: number) => `the ${scene.objects[i]?.colour} ${scene.objects[i]?.shape}`
  if (!freeOrTravelling)
    throw new StoryError({
      problem: `${name(first)} and ${name(second)} would run into each other after ${time.toFixed(2)} s`,
      hint: 'Only rolling and sliding objects can hit others: move one of them, or let it act later',
    })
}

/** Begins an action on the objects as they stand, and returns the contacts it brings. */
function launch({ scene, actions }: Story, tracks: readonly Track[], position: number): readonly Contact[] {
  const action = actions[position] as Action
  const { object: index, start, script } = action
  if (index === undefined) return []
  const track = tracks[index] as Track
  const refuse = (problem: string, hint: string) => new StoryError({ action: position, problem, hint })
  if (start < track.appearance) throw refuse(`object ${index} has not appeared by ${start} s`, 'Let it appear first')
  const seen = { ...scene, camera: cameraAt(scene.camera, actions, start), objects: tracks.map((other) => other.at(start)) }
  if (script === 'appear') {
    const own = track.at(start)
    const blocker = seen.objects.findIndex((other, i) => {
      if (i === index || start < (tracks[i] as Track).appearance) return false
      return gapBetween(own, other).distance <= skin && !standsOn(own, other) && !standsOn(other, own)
    })
    if (blocker >= 0) throw refuse(`object ${blocker} stands where object ${index} appears`, 'Give them different places')
    return []
  }
  if (track.end > start) throw refuse(`object ${index} still moves at ${start} s`, `Let it begin after ${track.end.toFixed(2)} s`)
  if (script !== 'fall' && isAnchored(tracks, index, start))
    throw refuse(`object ${index} does not stand free on the ground`, 'What carries another, or stands on it, stays where it is')
  const { motions, contacts } = perform(seen, track.at(start), action, position)
  for (const motion of motions) track.add(motion)
  return contacts
}

function filmOf(story: Story, tracks: readonly Track[], blows: readonly Contact[]): Film {
  const { scene, actions, duration } = story
  const fadeTimes = tracks.map((_, i) => Math.min(fade, actions.find((a) => a.script === 'appear' && a.object === i)?.duration ?? fade))
  const presenceAt = (object: number, time: number): number => {
    const { appearance } = tracks[object] as Track
    return appearance === 0 && !actions.some((a) => a.script === 'appear' && a.object === object)
      ? 1
      : Math.min(Math.max((time - appearance) / (fadeTimes[object] as number), 0), 1)
  }
  const presentAt = (time: number): number[] => [...tracks.keys()].filter((i) => presenceAt(i, time) > 0)
  const clamp = (time: number): number => Math.min(Math.max(time, 0), duration)
  const sceneAt = (time: number): Scene => {
    const t = clamp(time)
    const objects = presentAt(t).map((i) => (tracks[i] as Track).at(t))
    return { ...scene, objects, camera: cameraAt(scene.camera, actions, t) }
  }
  const stops = tracks.flatMap((track, i) => stopsOf(track, i))
  const contacts = [...blows, ...stops].filter(({ time }) => time <= duration).sort((a, b) => a.time - b.time)
  return {
    story,
    duration,
    sceneAt,
    cameraAt: (time) => cameraAt(scene.camera, actions, clamp(time)),
    presentAt: (time) => presentAt(clamp(time)),
    presenceAt: (object, time) => presenceAt(object, clamp(time)),
    contacts,
    motions: tracks.flatMap((track) => track.motions).sort((a, b) => a.start - b.start),
    actions: actions.map((action) => ({ start: action.start, end: endOf(action, tracks) })),
  }
}

/** Where a track's travels come to rest by themselves. */
const stopsOf = (track: Track, index: number): Contact[] =>
  track.motions
    .filter((motion, i) => isTravel(motion) && (track.motions[i + 1]?.start ?? Number.POSITIVE_INFINITY) > motion.end)
    .map((motion) => touch(track.at(motion.end), index, motion.end, 'stop', 0))

/** An action lasts for as long as its object moves on without a rest. */
function endOf({ object, script, start, duration }: Action, tracks: readonly Track[]): number {
  if (object === undefined || script === 'appear') return start + duration
  let end = start
  for (const motion of tracks[object]?.motions ?? []) if (motion.start >= start && motion.start <= end + 1e-9) end = motion.end
  return end
}

/** Seconds; a roll that is over sooner would be faster than a bullet. */
const briefest = 0.05

function checkStory({ scene, actions, duration }: Story): void {
  if (!(duration > 0 && duration <= 600)) throw new StoryError({ problem: `a film lasts between 0 and 600 seconds, this one ${duration}` })
  if (scene.objects.length > 32 || actions.length > 256)
    throw new StoryError({
      problem: `${scene.objects.length} objects and ${actions.length} actions are more than the 32 and 256 it may have`,
    })
  for (const [position, action] of actions.entries()) {
    const { script, object, start, duration: lasts, amount, direction } = action
    const refuse = (problem: string, hint?: string) =>
      new StoryError({ action: position, problem, ...(hint === undefined ? {} : { hint }) })
    if (!(start >= 0 && start <= duration)) throw refuse(`it starts at ${start} s, outside the film's ${duration} s`)
    if (!(lasts >= briefest && lasts <= 600)) throw refuse(`it lasts ${lasts} s`, `A duration is from ${briefest} to 600 seconds`)
    if (amount !== undefined && !(amount > 0 && amount <= 100))
      throw refuse(`its amount is ${amount}`, 'An amount is above 0 and at most 100')
    if (script === 'pan' && direction === undefined) throw refuse('a pan needs a direction')
    if (script === 'pan') continue
    const performer = scene.objects[object ?? -1]
    if (!performer) throw refuse(`there is no object ${object}`, `The scene has ${scene.objects.length} objects, counted from 0`)
    if (!canPerform(performer.shape, script)) throw refuse(`a ${performer.shape} cannot ${script}`)
    if (script === 'appear' && actions.findIndex((a) => a.object === object) !== position)
      throw refuse(`object ${object} acts before it appears`, 'Put its appearance first')
  }
}
