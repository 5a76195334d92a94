import type { Modality } from './modalities.js'

/** The survey's nine categories, in its order; systems live in folders of these names. */
export const categories = {
  'text-to-image': 'Text-to-image',
  'text-to-3d': 'Text-to-3D',
  'image-to-text': 'Image-to-text',
  'text-to-video': 'Text-to-video',
  'text-to-audio': 'Text-to-audio',
  'text-to-text': 'Text-to-text',
  'text-to-code': 'Text-to-code',
  'text-to-science': 'Text-to-science',
  other: 'Other',
} as const

export type Category = keyof typeof categories

/** What is known of a system of the survey, whether it is built here or not. */
export interface Card {
  /** Its place in the survey, from 1. */
  readonly order: number
  readonly id: string
  readonly name: string
  readonly category: Category
  /** Of the survey (arXiv 2301.04655). */
  readonly section: string
  /** What it truly reads and makes, which is not always what its category says. */
  readonly inputs: readonly Modality[]
  readonly outputs: readonly Modality[]
  /** Said more finely than in modalities: "smiles", "eeg". */
  readonly inputKinds?: readonly string[]
  readonly outputKinds?: readonly string[]
  readonly summary: string
  readonly organisations: readonly string[]
  /** Year and month. */
  readonly releaseDate: string
  /** What the date is the date of. */
  readonly releaseDateBasis: string
  /** On arXiv. */
  readonly paper?: string
  readonly journal?: string
  /** Hub ids of the original's own weights. */
  readonly openWeights: readonly string[]
  /** Hub ids of replicas, of nearest relatives and of parts. */
  readonly openReplicas: readonly string[]
  readonly replicaNote?: string
  readonly benchmark?: string
  readonly datasets?: readonly string[]
  /** Where the survey has to be corrected. */
  readonly surveyNote?: string
  readonly limits: readonly string[]
  readonly successors: readonly string[]
}
