import type { Lexicon } from './lexicon.js'

/**
 * What the training captions never say. A model that reads these words and forms rightly has learnt what they mean, or has
 * brought it along; one that does not has learnt the captions. Combinations of attributes are held out by `splits.ts`.
 */
export const heldOutWords: { readonly [Kind in keyof Lexicon]?: Partial<Lexicon[Kind]> } = {
  shape: { cube: ['block'], sphere: ['orb'], cylinder: ['canister'], torus: ['hoop'] },
  thing: { thing: ['item'] },
  colour: {
    red: ['crimson'],
    orange: ['tangerine'],
    yellow: ['lemon-coloured'],
    green: ['emerald'],
    cyan: ['aqua'],
    blue: ['azure'],
    purple: ['lilac'],
    pink: ['salmon-pink'],
    white: ['ivory'],
    black: ['ebony'],
  },
  size: { small: ['miniature'], large: ['enormous'] },
  material: { matte: ['unpolished'], metal: ['gleaming'], glass: ['translucent'] },
  relation: {
    'left of': ['to the left-hand side of'],
    'right of': ['to the right-hand side of'],
    'in front of': ['nearer to the viewer than'],
    behind: ['farther from the viewer than'],
    'on top of': ['perched on'],
  },
  setting: {
    studio: ['against a studio backdrop'],
    meadow: ['in a pasture'],
    desert: ['among the dunes'],
    snow: ['in a winter landscape'],
    beach: ['on the shore'],
    'night city': ['in a neon-lit city'],
  },
  time: { day: ['at midday'], sunset: ['at sundown'], night: ['under a starry sky'] },
  verb: { roll: ['tumbles'], fall: ['plummets'], spin: ['twirls'], jump: ['leaps'] },
  style: { cartoon: ['comic drawing'], 'pencil sketch': ['graphite drawing'] },
}

/**
 * - fronted: "To the left of a blue sphere, there is a red cube"
 * - possessive: "a blue sphere has a red cube to its left"
 * - presented: "Here we see a red cube"
 */
export const heldOutForms = ['fronted', 'possessive', 'presented'] as const
export type HeldOutForm = (typeof heldOutForms)[number]
