import { z } from 'zod'
import { count, image, seed, text } from '../../../contract/index.js'
import { type SamplerName, samplers } from '../../../generative/diffusion/samplers.js'
import { generators } from './noise.js'

const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]]
const longestText = 4000
const side = () => z.int().min(8).max(4096).optional()

const score = () => z.number().min(0).max(10).optional()

/** Places of files on this machine; on the command line one flag for each. */
const place = () => z.string().min(1).max(longestText).meta({ location: true })
const location = (flag: string) => z.array(z.string().min(1).max(longestText)).meta({ flag, location: true })

/** Everything that Stable Diffusion can be asked for, under the names that its users know. */
export const input = z
  .object({
    prompt: text()
      .max(longestText)
      .refine((words) => words.trim() !== '', 'words that say what is to be seen')
      .describe('What is to be seen'),
    negativePrompt: z.string().max(longestText).default('').describe('What is not to be seen'),
    image: image().optional().describe('A picture to begin with'),
    mask: image().optional().describe('Of the size of the picture: white is painted anew, black stays as it is'),
    strength: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('How far to go from the picture: 0 keeps it, 1 forgets it; 0.8 if it is not given, 1 with a mask'),
    steps: z.int().min(1).max(1000).optional().describe('Steps from noise to picture: 20, in models distilled for few steps 4'),
    guidanceScale: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('How closely the words are followed; 1 and less not at all beyond what comes by itself. The checkpoint has one of its own'),
    guidanceRescale: z.number().min(0).max(1).default(0).describe('Share by which guided pictures are kept from overexposure'),
    scheduler: z
      .enum(samplerNames)
      .optional()
      .describe('Method that goes from noise to picture: dpm++-2m, in models distilled for few steps their own'),
    prediction: z
      .enum(['epsilon', 'v_prediction'])
      .optional()
      .describe('What the model predicts, for files of Stable Diffusion 2.x that do not say so themselves'),
    width: side().describe('In pixels; that of the picture if there is one, else what the model was trained with'),
    height: side().describe('In pixels, as the width'),
    hiresScale: z
      .number()
      .gt(1)
      .max(8)
      .optional()
      .describe('Times width and height: the latents are enlarged so far and drawn on, for large pictures without repeated parts'),
    hiresStrength: z.number().gt(0).max(1).optional().describe('How far to go back from the enlarged latents; 0.7 if it is not given'),
    vaeTile: z
      .int()
      .min(0)
      .max(4096)
      .optional()
      .describe(
        'Side in pixels of the tiles in which the autoencoder makes large pictures; 0 never. From 4 times the native area on the native size',
      ),
    count: count(16),
    seed: seed(),
    rng: z
      .enum(generators)
      .default('genera')
      .describe("Where noise comes from; torch-cpu gives published pipelines' pictures for the same seed"),
    loras: location('lora').max(16).optional().describe('Files of LoRA, each with how much of it: style.safetensors:0.8'),
    embeddings: location('embedding').max(64).optional().describe('Files of textual inversion; their words then stand in prompts'),
    vae: place().optional().describe("An autoencoder in place of the checkpoint's own: a file, or a folder of diffusers"),
    refiner: place().optional().describe("A checkpoint of XL's refiner, which makes the last steps"),
    denoisingEnd: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('Share of the noise that is gone when the refiner goes on; 0.8 if it is not given'),
    aestheticScore: score().describe('How beautiful the refiner takes the picture to be; 6 if it is not given'),
    negativeAestheticScore: score().describe('And how beautiful what it is led away from; 2.5 if it is not given'),
    previewEvery: z.int().min(0).max(1000).default(0).describe('Steps between previews; 0 shows none'),
  })
  .check(({ value: { image, mask, strength, refiner, denoisingEnd, hiresScale, hiresStrength }, issues }) => {
    const refuse = (
      path: 'mask' | 'strength' | 'refiner' | 'denoisingEnd' | 'hiresScale' | 'hiresStrength',
      found: unknown,
      message: string,
    ) => issues.push({ code: 'custom', path: [path], input: found, message })
    if (mask && !image) refuse('mask', mask, 'left out where no image is given, or given together with one')
    if (strength !== undefined && !image) refuse('strength', strength, 'left out where no image is given, or given together with one')
    if (hiresScale !== undefined && mask) refuse('hiresScale', hiresScale, 'left out where a mask is given')
    if (hiresStrength !== undefined && hiresScale === undefined)
      refuse('hiresStrength', hiresStrength, 'left out where no hiresScale is given, or given together with one')
    if (denoisingEnd !== undefined && !refiner)
      refuse('denoisingEnd', denoisingEnd, 'left out where no refiner is given, or given together with one')
    if (refiner && mask) refuse('refiner', refiner, 'left out where a mask is given: the refiner goes on with whole pictures')
    if (mask && image && (mask.width !== image.width || mask.height !== image.height))
      refuse('mask', mask, `a picture of ${image.width} × ${image.height}, as large as the image`)
  })

export type StableDiffusionInput = z.output<typeof input>
