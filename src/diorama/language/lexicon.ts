import type { Direction, Script } from '../motion/story.js'
import type { Colour, DecalSymbol, Material, Relation, Setting, Shape, Size, Style, Time } from '../scene.js'
import type { Split } from '../splits.js'
import { heldOutWords } from './held-out.js'

/**
 * Every word of the world's English, once. The caption writer picks from these lists and the parser reads by them, so what one
 * can say the other understands. Words that the training captions keep back stand in held-out.ts instead of here.
 */
export interface Lexicon {
  /** Singular nouns. */
  readonly shape: Record<Shape, readonly string[]>
  /** For a thing whose shape is not said. */
  readonly thing: Record<'thing', readonly string[]>
  readonly colour: Record<Colour, readonly string[]>
  readonly size: Record<Size, readonly string[]>
  /** Adjectives only; what follows "made of" stands in `stuff` and serves as an adjective too. */
  readonly material: Record<Material, readonly string[]>
  readonly stuff: Record<Material, readonly string[]>
  readonly symbol: Record<DecalSymbol, readonly string[]>
  readonly relation: Record<Relation, readonly string[]>
  /** Relations to what was named just before. */
  readonly relationToIt: Record<Relation, readonly string[]>
  readonly setting: Record<Setting, readonly string[]>
  readonly time: Record<Time, readonly string[]>
  /** Nouns for the picture itself. */
  readonly style: Record<Style, readonly string[]>
  readonly number: Record<number, readonly string[]>
  /** Third person singular. */
  readonly verb: Record<Script, readonly string[]>
  readonly direction: Record<Direction, readonly string[]>
}

/** Where `understood` words are read but never written: they are rarer, or less exact, than a caption should be. */
export const taughtWords: Lexicon = {
  shape: {
    cube: ['cube', 'box'],
    sphere: ['sphere', 'ball'],
    cylinder: ['cylinder', 'drum'],
    cone: ['cone'],
    torus: ['torus', 'ring', 'donut'],
    pyramid: ['pyramid'],
  },
  thing: { thing: ['object', 'thing'] },
  colour: {
    red: ['red', 'scarlet'],
    orange: ['orange'],
    yellow: ['yellow'],
    green: ['green'],
    cyan: ['cyan', 'turquoise'],
    blue: ['blue'],
    purple: ['purple', 'violet'],
    pink: ['pink'],
    white: ['white'],
    black: ['black', 'jet-black'],
  },
  size: { small: ['small', 'little', 'tiny'], large: ['large', 'big', 'huge'] },
  material: { matte: ['matte', 'dull'], metal: ['shiny', 'metallic'], glass: ['transparent', 'see-through'] },
  stuff: { matte: ['rubber'], metal: ['metal', 'steel'], glass: ['glass'] },
  symbol: { star: ['star'], heart: ['heart'], arrow: ['arrow'], 'check mark': ['check mark', 'tick'], smiley: ['smiley'] },
  relation: {
    'left of': ['left of', 'to the left of', 'on the left side of'],
    'right of': ['right of', 'to the right of', 'on the right side of'],
    'in front of': ['in front of', 'closer to the camera than'],
    behind: ['behind', 'further away than'],
    'on top of': ['on top of', 'on'],
  },
  relationToIt: {
    'left of': ['to its left', 'on its left'],
    'right of': ['to its right', 'on its right'],
    'in front of': ['in front of it'],
    behind: ['behind it'],
    'on top of': ['on top of it'],
  },
  setting: {
    studio: ['in a studio', 'on a studio floor'],
    meadow: ['on a meadow', 'in a grassy field', 'on the grass'],
    desert: ['in the desert', 'in a sandy desert'],
    snow: ['in the snow', 'on a snowy field'],
    beach: ['on the beach', 'at the seaside', 'by the sea'],
    'night city': ['in a city at night', 'on a city street at night'],
  },
  time: {
    day: ['by day', 'in daylight', 'on a sunny day'],
    sunset: ['at sunset', 'in the evening light', 'at dusk'],
    night: ['at night', 'in the moonlight'],
  },
  style: {
    photo: ['photo', 'photograph'],
    cartoon: ['cartoon', 'cartoon drawing'],
    'pixel art': ['pixel art picture', 'pixel art scene'],
    'pencil sketch': ['pencil sketch', 'pencil drawing'],
    oil: ['oil painting'],
  },
  number: { 1: ['one', 'exactly one'], 2: ['two'], 3: ['three'], 4: ['four'], 5: ['five'] },
  verb: {
    roll: ['rolls'],
    slide: ['slides', 'glides'],
    bounce: ['bounces'],
    spin: ['spins', 'turns around'],
    fall: ['falls', 'drops down'],
    topple: ['topples', 'tips over'],
    orbit: ['orbits', 'circles'],
    appear: ['appears'],
    jump: ['jumps', 'hops'],
    pan: ['pans', 'moves'],
  },
  direction: {
    left: ['to the left', 'leftwards'],
    right: ['to the right', 'rightwards'],
    away: ['away', 'into the distance'],
    closer: ['closer', 'towards the camera'],
  },
}

/** Read, never written. */
export const understoodWords: { readonly [Kind in keyof Lexicon]?: Partial<Lexicon[Kind]> } = {
  shape: { cube: ['dice', 'die'], sphere: ['globe', 'marble'], torus: ['doughnut'], cylinder: ['tin can'] },
  colour: { purple: ['lavender', 'mauve'], cyan: ['teal'], blue: ['navy', 'navy blue', 'cobalt'], pink: ['rose'], green: ['lime'] },
  size: { small: ['wee', 'mini', 'minuscule'], large: ['massive', 'giant', 'gigantic'] },
  material: { metal: ['polished', 'mirrored', 'chrome', 'reflective'], glass: ['clear', 'crystal'], matte: ['non-reflective'] },
  symbol: { 'check mark': ['checkmark'], smiley: ['smiley face'], heart: ['heart symbol'], star: ['star symbol'] },
  relation: {
    'left of': ['on the left of', 'at the left of', 'to the left side of'],
    'right of': ['on the right of', 'at the right of', 'to the right side of'],
    'on top of': ['atop', 'onto', 'upon'],
    behind: ['at the back of', 'in back of'],
    'in front of': ['nearer than', 'closer than'],
  },
  relationToIt: { 'on top of': ['on top'], behind: ['in the back'] },
  setting: {
    studio: ['studio', 'in the studio'],
    meadow: ['meadow', 'grassy meadow', 'in a meadow', 'in grass', 'in a field', 'in green grass'],
    desert: ['desert', 'on the sand of a desert', 'on desert sand'],
    snow: ['snow', 'on snow', 'snowy', 'in a snowy field', 'in a snowy landscape'],
    beach: ['beach', 'at the beach', 'on a sandy beach', 'seaside'],
    'night city': ['night city', 'in a night city', 'in a city', 'city', 'city street'],
  },
  time: {
    day: ['daylight', 'during the day', 'at noon', 'in the sunshine', 'at daytime', 'in broad daylight'],
    sunset: ['sunset', 'in the evening', 'as the sun sets', 'during sunset', 'in the light of sunset'],
    night: ['by night', 'in moonlight', 'under the stars', 'during the night', 'at midnight'],
  },
  style: {
    photo: ['photorealistic'],
    'pixel art': ['pixel art', 'pixel art image', '8 bit', '8 bit pixel art'],
    'pencil sketch': ['sketch', 'drawn in pencil', 'in pencil'],
    oil: ['oil on canvas', 'in oil', 'painted in oil'],
    cartoon: ['cartoon style', 'comic'],
  },
  number: { 1: ['a single', 'just one', 'only one'], 2: ['a pair of', 'a couple of'], 3: ['a trio of'] },
  verb: {
    roll: ['is rolling'],
    fall: ['drops', 'comes down'],
    appear: ['pops up', 'shows up'],
    topple: ['falls over'],
    orbit: ['goes around'],
  },
}

/** Words that say nothing about the scene and hold a sentence together. Each list is one part in the grammar. */
export const functionWords = {
  a: ['a', 'an', 'another', 'some', 'exactly', 'just', 'only'],
  the: ['the'],
  and: ['and', 'plus', 'as well as', 'alongside'],
  or: ['or', 'nor'],
  no: ['no', 'not any'],
  without: ['without', 'free of'],
  nothing: ['nothing', 'none'],
  any: ['any', 'anything', 'something'],
  is: ['is', 'are', 'stands', 'sits', 'lies', 'stand', 'sit', 'lie', 'standing', 'sitting', 'lying', 'resting', 'placed'],
  that: ['that', 'which'],
  with: ['with', 'has', 'have', 'bearing', 'wearing', 'marked with', 'showing', 'labelled', 'labeled', 'marked', 'painted with'],
  says: ['says', 'reads', 'saying', 'reading'],
  it: ['it', 'them'],
  letter: ['letter', 'letters', 'digit', 'number', 'numeral', 'word', 'text', 'label', 'name'],
  onIt: [
    'on it',
    'on them',
    'on its front',
    'on its face',
    'on its side',
    'painted on it',
    'painted on its front',
    'printed on it',
    'written on it',
  ],
  madeOf: ['made of', 'made from', 'made out of', 'of'],
  under: ['under', 'underneath', 'beneath', 'below'],
  camera: ['the camera', 'camera', 'our view'],
  sequence: ['first', 'then', 'after that', 'afterwards', 'finally', 'at last'],
  meanwhile: ['meanwhile', 'at the same time', 'while'],
  opening: [
    'there is',
    'there are',
    'here we see',
    'you can see',
    'we can see',
    'we see',
    'can be seen',
    'a picture of',
    'an image of',
    'a scene with',
    'the scene is',
    'this is',
  ],
  filler: [
    'in',
    'as',
    'at',
    'style',
    'scene',
    'here',
    'there',
    'image',
    'picture',
    'view',
    'drawn',
    'painted',
    'render',
    'both',
    'colour',
    'coloured',
    'also',
    'together',
    'to be seen',
    'set',
    'but',
  ],
} as const satisfies Record<string, readonly string[]>
export type FunctionWord = keyof typeof functionWords

type Kind = keyof Lexicon
type Value<K extends Kind> = keyof Lexicon[K] & (string | number)

const kinds = Object.keys(taughtWords) as Kind[]
const none: readonly string[] = []

const written: Record<string, readonly string[]> = {}
const kept: Record<string, readonly string[]> = {}
const taught: Record<string, readonly string[]> = {}
for (const kind of kinds)
  for (const [value, words] of Object.entries(taughtWords[kind]) as [string, readonly string[]][]) {
    const name = `${kind} ${value}`
    taught[name] = words
    kept[name] = (heldOutWords[kind] as Record<string, readonly string[]> | undefined)?.[value] ?? none
    written[name] = [...words, ...kept[name]]
  }

/** The ways to say one value: those of training, those that are held out, or both. The held-out list may be empty. */
export function wordings<K extends Kind>(kind: K, value: Value<K>, split: Split): readonly string[] {
  const table = split === 'train' ? taught : split === 'held-out' ? kept : written
  return table[`${kind} ${value}`] ?? none
}

/** Every wording of every value, written or only understood. */
export function* allWordings(): Generator<{ kind: Kind; value: string; words: string; heldOut: boolean }> {
  for (const kind of kinds)
    for (const value of Object.keys(taughtWords[kind])) {
      for (const words of wordings(kind, value as never, 'train')) yield { kind, value, words, heldOut: false }
      for (const words of wordings(kind, value as never, 'held-out')) yield { kind, value, words, heldOut: true }
      for (const words of (understoodWords[kind] as Record<string, readonly string[]> | undefined)?.[value] ?? none)
        yield { kind, value, words, heldOut: false }
    }
}

/** The plural of a noun of the lexicon, which may be of several words. */
export const plural = (noun: string): string => (noun === 'dice' ? noun : /(?:s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`)

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** "a" or "an" before these words. */
export const withArticle = (words: string): string => `${/^[aeiou]/i.test(words) ? 'an' : 'a'} ${words}`
