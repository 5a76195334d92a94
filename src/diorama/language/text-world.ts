import { type Key, key } from '../../graph/random/index.js'
import { sampleStory } from '../motion/index.js'
import { offset, relates } from '../relations.js'
import { sampleScene } from '../sample.js'
import type { Scene } from '../scene.js'
import type { Split } from '../splits.js'
import { diorama } from '../worlds.js'
import { program, sum } from './arithmetic.js'
import { captionLengths, captionOf } from './caption.js'
import { dialogueOf, type Exchange } from './dialogue.js'
import { Dice, inShares } from './dice.js'
import { questionsOf } from './questions.js'
import { requestsOf } from './requests.js'
import { storyCaption } from './story.js'

/** What a document of the text world is about, and of how many in a hundred. */
export const documentShares = { captions: 15, questions: 25, dialogue: 20, story: 8, requests: 18, sums: 9, code: 5 } as const
export type DocumentKind = keyof typeof documentShares

const kinds = inShares(documentShares)

export interface TextWorldOptions {
  readonly seed?: number
  /** Held-out documents describe held-out combinations in held-out words, and add held-out pairs of numbers. */
  readonly split?: Exclude<Split, 'all'>
}

export interface WorldDocument {
  readonly kind: DocumentKind
  readonly text: string
}

/**
 * The world in words alone, for language models: captions, a scene with questions or a dialogue about it, stories, what people ask for out
 * of the blue, sums, and small programs with what they give. A document is a pure function of seed, split and index.
 */
export function textWorld({ seed = 0, split = 'train' }: TextWorldOptions = {}): (index: number) => WorldDocument {
  const root = key(seed).child('text world', split)
  return (index) => {
    const own = root.child(index)
    const dice = new Dice(own.child('kind'))
    const kind = dice.pick(kinds)
    return { kind, text: documents[kind](own.child(kind), split) }
  }
}

type Writes = (key: Key, split: Exclude<Split, 'all'>) => string

const sceneOf = (own: Key, split: Split): Scene => sampleScene(own.child('scene'), diorama.full, { split })

const documents: Readonly<Record<DocumentKind, Writes>> = {
  captions: (own, split) => {
    const scene = sceneOf(own, split)
    return captionLengths.map((length) => captionOf(scene, own.child(length), { split, length }).text).join('\n')
  },
  questions: (own, split) => {
    const scene = sceneOf(own, split)
    const asked = questionsOf(scene, own.child('questions'), 6, { split })
    return [describeScene(scene), ...asked.map(({ question, answer }) => `Question: ${question}\nAnswer: ${answer}`)].join('\n')
  },
  dialogue: (own, split) => {
    const scene = sceneOf(own, split)
    const turns = dialogueOf(scene, own.child('turns'), 4, { split })
    return [describeScene(scene), ...turns.map(turnText)].join('\n')
  },
  requests: (own, split) => requestsOf(own, 3, split).map(turnText).join('\n'),
  story: (own, split) => storyCaption(sampleStory(own.child('story'), diorama.full, { split }), own.child('words'), { split }).text,
  sums: (own, split) => Array.from({ length: 6 }, (_, i) => sum(new Dice(own.child(i)), split)).join('\n'),
  code: (own, split) => program(new Dice(own), split),
}

const turnText = ({ question, answer }: Exchange): string => `User: ${question}\nAssistant: ${answer}`

/**
 * A scene as a text from which every question about it can be answered:
 *
 *     Scene: desert, sunset, photo
 *     1 large red matte cube
 *     2 small blue glass sphere
 *     left to right: 1 2
 *     front to back: 2 1
 *     stacked: 2 on 1
 *
 * Objects that are neither left nor right of each other, or neither in front nor behind, are joined by "=" in their order.
 */
export function describeScene(scene: Scene): string {
  const { objects, setting, time, style } = scene
  const all = objects.map((_, i) => i)
  const order = (name: string, along: (i: number, j: number) => number, before: 'left of' | 'in front of'): string => {
    const sorted = [...all].sort((a, b) => along(b, a))
    const marks = sorted.map((i, place) => (place === 0 ? '' : relates(scene, sorted[place - 1] as number, before, i) ? ' ' : ' = '))
    return `${name}: ${sorted.map((i, place) => `${marks[place]}${i + 1}`).join('')}`
  }
  const stacked = all.flatMap((i) => all.flatMap((j) => (relates(scene, i, 'on top of', j) ? [`${i + 1} on ${j + 1}`] : [])))
  return [
    `Scene: ${setting}, ${time}, ${style}`,
    ...objects.map(({ size, colour, material, shape, decal }, i) => {
      const painted = decal ? ` with ${decal.kind === 'text' ? `"${decal.text}"` : decal.symbol}` : ''
      return `${i + 1} ${size} ${colour} ${material} ${shape}${painted}`
    }),
    ...(objects.length > 1
      ? [
          order('left to right', (i, j) => offset(scene, i, j).right, 'left of'),
          order('front to back', (i, j) => -offset(scene, i, j).towards, 'in front of'),
        ]
      : []),
    ...(stacked.length > 0 ? [`stacked: ${stacked.join(', ')}`] : []),
  ].join('\n')
}
