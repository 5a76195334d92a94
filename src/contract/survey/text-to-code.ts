import type { Card } from '../card.js'

/** Section 3.7 of the survey: Text-to-Code models. */
export const textToCode = {
  codex: {
    order: 18,
    id: 'codex',
    name: 'Codex',
    category: 'text-to-code',
    section: '3.7',
    inputs: ['text', 'code'],
    outputs: ['code'],
    summary:
      'A GPT model continued on public Python code that turns a docstring into a function; best when many samples are tried against tests.',
    organisations: ['OpenAI'],
    releaseDate: '2021-07',
    releaseDateBasis: 'arXiv id',
    paper: '2107.03374',
    openWeights: [],
    openReplicas: ['Salesforce/codegen-350M-mono', 'bigcode/starcoder2-3b'],
    benchmark: 'HumanEval, pass@k',
    limits: [
      'Success falls quickly with the number of chained steps in the request.',
      'Suggests insecure or licence-bound code.',
      'More compute than a student needs for the same skill.',
      'Must run in a sandbox.',
    ],
    successors: ['GPT-4', 'StarCoder 2', 'Code Llama', 'DeepSeek-Coder', 'Qwen2.5-Coder'],
  },
  alphacode: {
    order: 19,
    id: 'alphacode',
    name: 'AlphaCode',
    category: 'text-to-code',
    section: '3.7',
    inputs: ['text'],
    outputs: ['code'],
    summary:
      'Solves contest problems by sampling huge numbers of programs, keeping those that pass the example tests and submitting one per cluster of equal behaviour.',
    organisations: ['DeepMind'],
    releaseDate: '2022-02',
    releaseDateBasis: 'announcement (paper 2022-03)',
    paper: '2203.07814',
    openWeights: [],
    openReplicas: ['bigcode/starcoder2-3b', 'Salesforce/codet5p-220m'],
    replicaNote: 'Generators for the sampling pipeline; DeepMind released data only.',
    surveyNote: 'The survey writes "shallow encoder and deep encoder"; it is a shallow encoder and a deep decoder.',
    datasets: ['deepmind/code_contests'],
    limits: [
      'Needs up to a million samples per problem.',
      'Weights not released.',
      'Reaches about the median competitor, not the best.',
      'Filtering relies on the example tests.',
    ],
    successors: ['AlphaCode 2', 'o1-style reasoning models', 'DeepSeek-Coder'],
  },
} as const satisfies Record<string, Card>
