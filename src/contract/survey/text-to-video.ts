import type { Card } from '../card.js'

/** Section 3.4 of the survey: Text-to-Video models. */
export const textToVideo = {
  phenaki: {
    order: 9,
    id: 'phenaki',
    name: 'Phenaki',
    category: 'text-to-video',
    section: '3.4',
    inputs: ['text', 'image'],
    outputs: ['video'],
    summary:
      'Compresses video into tokens causally in time and fills masked tokens from a sequence of prompts, so one story can run for minutes and can start from a picture.',
    organisations: ['Google Research'],
    releaseDate: '2022-10',
    releaseDateBasis: 'arXiv id',
    paper: '2210.02399',
    openWeights: [],
    openReplicas: ['obvious-research/phenaki-cvivit'],
    replicaNote: 'C-ViViT autoencoder only, no text-to-video transformer.',
    limits: [
      'Low resolution and visible artefacts.',
      'Trained on 1.4-second clips: long stories drift.',
      'The authors name deepfakes as a risk and withheld the model.',
      "The survey's 'API on GitHub' is an unofficial re-implementation.",
    ],
    successors: ['MAGVIT', 'Lumiere', 'Sora', 'Veo', 'Stable Video Diffusion'],
  },
  soundify: {
    order: 10,
    id: 'soundify',
    name: 'Soundify',
    category: 'text-to-video',
    section: '3.4',
    inputs: ['video'],
    outputs: ['audio', 'video'],
    summary:
      'Finds what is making noise in a clip with CLIP, picks matching effects from a library and mixes them in time, loudness and stereo position.',
    organisations: ['Runway', 'Carnegie Mellon University'],
    releaseDate: '2021-12',
    releaseDateBasis: 'arXiv id',
    paper: '2112.09726',
    openWeights: [],
    openReplicas: ['openai/clip-vit-base-patch32'],
    replicaNote: 'Component; the sound library is separate.',
    surveyNote: 'Filed under text-to-video, but it maps video to sound and generates no video.',
    limits: [
      'Retrieves sounds from a labelled library; cannot create new ones.',
      'Only things CLIP can name and see.',
      'Off-screen sounds and causes are ignored.',
      'Library licences.',
    ],
    successors: ['Diff-Foley', 'FoleyCrafter', 'MMAudio', 'V2A'],
  },
} as const satisfies Record<string, Card>
