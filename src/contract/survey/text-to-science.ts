import type { Card } from '../card.js'

/** Section 3.8 of the survey: Text-to-Science models. */
export const textToScience = {
  galactica: {
    order: 20,
    id: 'galactica',
    name: 'Galactica',
    category: 'text-to-science',
    section: '3.8',
    inputs: ['text'],
    outputs: ['text'],
    inputKinds: ['text', 'citation', 'smiles', 'protein', 'latex'],
    outputKinds: ['text', 'citation', 'smiles', 'protein'],
    summary:
      'A language model trained on papers, formulas, molecules and proteins with special tokens for citations and for step-by-step work.',
    organisations: ['Meta AI', 'Papers with Code'],
    releaseDate: '2022-11',
    releaseDateBasis: 'arXiv id',
    paper: '2211.09085',
    openWeights: [
      'facebook/galactica-125m',
      'facebook/galactica-1.3b',
      'facebook/galactica-6.7b',
      'facebook/galactica-30b',
      'facebook/galactica-120b',
    ],
    openReplicas: [],
    surveyNote:
      'The survey credits it with an "unbiased layer"; the paper only says that dense layers have no bias terms (the hub checkpoints do store them): nothing to do with social bias.',
    limits: [
      'Writes convincing false science; the demo was withdrawn within days.',
      'Citations lean to famous papers.',
      'Less biased than peers by its tests, not unbiased.',
      'English, text-only papers.',
    ],
    successors: ['Llemma', 'SciGLM', 'OLMo 2 science mixes'],
  },
  minerva: {
    order: 21,
    id: 'minerva',
    name: 'Minerva',
    category: 'text-to-science',
    section: '3.8',
    inputs: ['text'],
    outputs: ['text'],
    inputKinds: ['text', 'latex'],
    outputKinds: ['text', 'latex'],
    summary: 'PaLM continued on technical text; solves problems step by step and takes the answer that most samples agree on.',
    organisations: ['Google Research'],
    releaseDate: '2022-06',
    releaseDateBasis: 'arXiv id',
    paper: '2206.14858',
    openWeights: [],
    openReplicas: ['EleutherAI/llemma_7b', 'Qwen/Qwen2.5-Math-1.5B'],
    limits: [
      'Right answer by wrong steps cannot be caught automatically.',
      'Arithmetic slips: no calculator.',
      'Accuracy far below experts on hard problems.',
      'Weights not released.',
    ],
    successors: ['Llemma', 'DeepSeekMath', 'Qwen2.5-Math', 'AlphaProof'],
  },
} as const satisfies Record<string, Card>
