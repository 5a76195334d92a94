import { type Key, key } from '../../graph/random/index.js'
import { sampleStory } from '../motion/index.js'
import { offset, relates } from '../relations.js'
import { sampleScene } from '../sample.js'
import type { Scene } from '../scene.js'
import type { Split } from '../splits.js'
import { diorama } from '../worlds.js'
import { captionLengths, captionOf } from './caption.js'
import { dialogueOf } from './dialogue.js'
import { Dice } from './dice.js'
import { questionsOf } from './questions.js'
import { storyCaption } from './story.js'

/** What a document of the text world is about, and of how many in a hundred. */
export const documentShares = { captions: 20, questions: 30, dialogue: 25, story: 10, sums: 9, code: 6 } as const
export type DocumentKind = keyof typeof documentShares

/** Every kind as often as its share. */
const shares = (Object.keys(documentShares) as DocumentKind[]).flatMap((kind) => new Array<DocumentKind>(documentShares[kind]).fill(kind))

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
 * The world in words alone, for language models: captions, a scene with questions or a dialogue about it, stories, sums, and small programs
 * with what they give. A document is a pure function of seed, split and index.
 */
export function textWorld({ seed = 0, split = 'train' }: TextWorldOptions = {}): (index: number) => WorldDocument {
  const root = key(seed).child('text world', split)
  return (index) => {
    const own = root.child(index)
    const dice = new Dice(own.child('kind'))
    const kind = dice.pick(shares)
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
    return [describeScene(scene), ...turns.map(({ question, answer }) => `User: ${question}\nAssistant: ${answer}`)].join('\n')
  },
  story: (own, split) => storyCaption(sampleStory(own.child('story'), diorama.full, { split }), own.child('words'), { split }).text,
  sums: (own, split) => Array.from({ length: 6 }, (_, i) => sum(new Dice(own.child(i)), split)).join('\n'),
  code: (own, split) => program(new Dice(own), split),
}

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

/** One pair of numbers in seven is held out, whichever way round it stands. */
const isHeldOut = (a: number, b: number): boolean => (a * b + a + b) % 7 === 3

function numbers(dice: Dice, split: Split): readonly [number, number] {
  for (;;) {
    const [a, b] = [dice.below(100), dice.below(dice.chance(0.5) ? 10 : 100)]
    if (isHeldOut(a, b) === (split === 'held-out')) return [a, b]
  }
}

function sum(dice: Dice, split: Split): string {
  const [a, b] = numbers(dice, split)
  const [more, less] = [Math.max(a, b), Math.min(a, b)]
  return dice.pick([
    `${a} + ${b} = ${a + b}`,
    `${more} - ${less} = ${more - less}`,
    `What is ${a} plus ${b}? ${a + b}`,
    `What is ${more} minus ${less}? ${more - less}`,
    `Which is larger, ${a} or ${b}? ${a === b ? 'neither' : more}`,
  ])
}

/** What a small function does, in words and in JavaScript; `of` says what it gives. */
const functions = [
  { says: 'adds two numbers', name: 'add', body: 'a + b', of: (a: number, b: number) => a + b },
  { says: 'subtracts the second number from the first', name: 'subtract', body: 'a - b', of: (a: number, b: number) => a - b },
  { says: 'gives the larger of two numbers', name: 'larger', body: 'a > b ? a : b', of: Math.max },
  { says: 'gives the smaller of two numbers', name: 'smaller', body: 'a < b ? a : b', of: Math.min },
  { says: 'gives the distance of two numbers', name: 'distance', body: 'Math.abs(a - b)', of: (a: number, b: number) => Math.abs(a - b) },
  {
    says: 'gives the double of the first number and adds the second',
    name: 'doubled',
    body: '2 * a + b',
    of: (a: number, b: number) => 2 * a + b,
  },
  { says: 'tells whether two numbers are equal', name: 'equal', body: 'a === b', of: (a: number, b: number) => a === b },
  { says: 'tells whether the first number is larger', name: 'isLarger', body: 'a > b', of: (a: number, b: number) => a > b },
] as const

function program(dice: Dice, split: Split): string {
  const { says, name, body, of } = dice.pick(functions)
  const calls = Array.from({ length: 3 }, () => {
    const [a, b] = numbers(dice, split)
    return `${name}(${a}, ${b}) // ${of(a, b)}`
  })
  return [`/** ${says.charAt(0).toUpperCase()}${says.slice(1)}. */`, `const ${name} = (a, b) => ${body}`, ...calls].join('\n')
}
