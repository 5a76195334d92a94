import type { Card } from '../card.js'

/** Section 3.3 of the survey: Image-to-Text models. */
export const imageToText = {
  flamingo: {
    order: 7,
    id: 'flamingo',
    name: 'Flamingo',
    category: 'image-to-text',
    section: '3.3',
    inputs: ['image', 'video', 'text'],
    outputs: ['text'],
    summary:
      'Plugs pictures and clips into a frozen language model through a resampler and gated cross-attention so it can learn a visual task from a handful of examples in the prompt.',
    organisations: ['DeepMind'],
    releaseDate: '2022-04',
    releaseDateBasis: 'arXiv id',
    paper: '2204.14198',
    openWeights: [],
    openReplicas: ['openflamingo/OpenFlamingo-3B-vitl-mpt1b', 'openflamingo/OpenFlamingo-9B-vitl-mpt7b'],
    limits: [
      'Hallucinates objects and can be led by the question.',
      'Few-shot gains flatten after about 32 examples; classification below contrastive models.',
      "Inherits the frozen language model's bias and toxicity.",
      'Weights not released.',
    ],
    successors: ['OpenFlamingo', 'IDEFICS', 'GPT-4V', 'Gemini', 'LLaVA', 'Qwen-VL'],
  },
  visualgpt: {
    order: 8,
    id: 'visualgpt',
    name: 'VisualGPT',
    category: 'image-to-text',
    section: '3.3',
    inputs: ['image'],
    outputs: ['text'],
    summary:
      'Captions pictures from little paired data by letting a sparse gate decide, word by word, between what is seen and what GPT-2 already knows.',
    organisations: ['KAUST', 'Carnegie Mellon University', 'Nanyang Technological University'],
    releaseDate: '2021-02',
    releaseDateBasis: 'arXiv id',
    paper: '2102.10407',
    openWeights: [],
    openReplicas: ['openai-community/gpt2'],
    replicaNote: 'Language half only; the repository has training code, no trained captioner.',
    surveyNote: 'The survey says OpenAI made it; the authors are at KAUST, CMU and NTU (CVPR 2022).',
    limits: [
      'Needs pre-extracted region features.',
      'Captions only; no dialogue or video.',
      "GPT-2's bias leaks into captions.",
      'Released on GitHub as training code without trained weights.',
    ],
    successors: ['BLIP', 'ClipCap', 'GIT', 'BLIP-2'],
  },
} as const satisfies Record<string, Card>
