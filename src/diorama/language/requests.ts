import type { Key } from '../../graph/random/index.js'
import type { Constraints } from '../constraints.js'
import { sampleStory } from '../motion/index.js'
import { sampleScene } from '../sample.js'
import type { Split } from '../splits.js'
import { diorama } from '../worlds.js'
import { functions, sum } from './arithmetic.js'
import { captionOf } from './caption.js'
import { only } from './description.js'
import type { Exchange } from './dialogue.js'
import { Dice, inShares } from './dice.js'
import { capitalised } from './lexicon.js'
import { storyCaption } from './story.js'
import { Writer } from './writer.js'

/** What is asked for, and how often. */
const kinds = inShares({ story: 5, picture: 5, sum: 5, program: 2, greeting: 2 })

/** What people ask for with no scene before them: a story or a picture in words of what they name, a sum, a small program, how one is. Answers are one line. */
export function requestsOf(key: Key, count: number, split: Exclude<Split, 'all'>): Exchange[] {
  return Array.from({ length: count }, (_, i) => {
    const own = key.child(i)
    const dice = new Dice(own.child('request'))
    const request = requests[dice.pick(kinds)](own, dice, split)
    return { question: asTyped(request.question, dice), answer: request.answer }
  })
}

const requests: Readonly<Record<(typeof kinds)[number], (key: Key, dice: Dice, split: Exclude<Split, 'all'>) => Exchange>> = {
  story: (key, dice, split) => {
    const story = sampleStory(key.child('story'), diorama.full, { split })
    const { text, constraints } = storyCaption(story, key.child('words'), { split, length: dice.pick(['medium', 'long', 'long']) })
    const wanted = subjects(constraints, dice, split)
    const asks = ['a story', 'tell me a story', 'tell a story', 'write a story', 'a short story', 'please write a short story']
    return { question: `${dice.pick(asks)}${wanted && ` ${dice.pick(['about', 'about', 'with'])} ${wanted}`}`, answer: sentence(text) }
  },
  picture: (key, dice, split) => {
    const scene = sampleScene(key.child('scene'), diorama.full, { split })
    const { text, constraints } = captionOf(scene, key.child('words'), { split, length: dice.pick(['medium', 'long']) })
    const [about, asks] = dice.pick([
      ['', ['describe', 'please describe', 'imagine']],
      [
        ' with',
        ['describe a picture', 'describe a scene', 'imagine a scene', 'write about a place', 'a picture', 'a description of a scene'],
      ],
      [' of', ['describe a picture', 'write a caption for a picture', 'a caption for a picture', 'a description']],
    ])
    const wanted = subjects(constraints, dice, split) || 'something'
    return { question: `${dice.pick(asks)}${about} ${wanted}${place(constraints, dice, split)}`, answer: sentence(text) }
  },
  sum: (_, dice, split) => {
    const [asked = '', given = ''] = sum(dice, split).split(/(?<=\?) | (?==)/)
    return { question: dice.chance(0.2) ? asked.replace(/^What is/, 'How much is') : asked, answer: given.replace('= ', '') }
  },
  program: (_, dice) => {
    const { says, name, body } = dice.pick(functions)
    const asks = ['write a function that', 'a function that', 'write code that', 'please write a function that', 'write a program that']
    return { question: `${dice.pick(asks)} ${says}`, answer: `const ${name} = (a, b) => ${body}` }
  },
  greeting: (_, dice) => {
    const [questions, answers] = dice.pick(talk)
    return { question: dice.pick(questions), answer: dice.pick(answers) }
  },
}

const talk = [
  [
    ['hello', 'hi', 'hello there', 'good morning', 'hey', 'good evening'],
    ['Hello! Ask me for a story, a picture in words, a sum, or a small program.', 'Hello! Shall I tell you a story?'],
  ],
  [
    ['who are you', 'what are you', 'what is your name'],
    ['I am a small model. I know shapes and colours, sums, and a few programs.', 'A small model that was trained on a small world.'],
  ],
  [
    ['what can you do', 'help', 'what do you know', 'what can I ask'],
    ['I tell stories about cubes and balls, describe pictures, add numbers, and write small functions.'],
  ],
  [
    ['thanks', 'thank you', 'great', 'well done'],
    ['You are welcome.', 'You are welcome. What else shall I do?'],
  ],
  [['goodbye', 'bye', 'good night'], ['Goodbye!']],
] as const

/** One or two of the things that the answer speaks of, in other words; nothing if it speaks of none. */
function subjects({ objects }: Constraints, dice: Dice, split: Split): string {
  const writer = new Writer(dice, split)
  const named = dice.shuffle(objects.filter(({ shape, count = 1 }) => shape && count === 1)).slice(0, dice.chance(0.3) ? 2 : 1)
  const said = (['shape', 'colour', 'size', 'material'] as const).filter((attribute) => attribute === 'shape' || dice.chance(0.4))
  const phrases = named.map((description) => writer.introduce({ description: only(description, said), objects: [] }))
  return [...new Set(phrases)].join(' and ')
}

function place({ setting, time }: Constraints, dice: Dice, split: Split): string {
  const writer = new Writer(dice, split)
  const where = setting && dice.chance(0.6) ? ` ${writer.word('setting', setting)}` : ''
  return time && dice.chance(0.4) ? `${where} ${writer.word('time', time)}` : where
}

const sentence = (text: string): string => `${capitalised(text).replace(/\.$/, '')}.`

/** With a capital letter and a mark at the end, or in a hurry. */
function asTyped(question: string, dice: Dice): string {
  const proper = dice.chance(0.5) ? capitalised(question) : question.charAt(0).toLowerCase() + question.slice(1)
  const mark = /^(?:what|who|how|which)/i.test(question) ? '?' : '.'
  return dice.chance(0.4) && !/\W$/.test(proper) ? proper + mark : dice.chance(0.15) ? proper.replace(/\W$/, '') : proper
}
