import { z } from 'zod'
import { count, image, seed, text } from '../../../contract/index.js'
import { type SamplerName, samplers } from '../../../generative/diffusion/samplers.js'
import { generators } from './noise.js'

const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]]
const longestText = 4000
const side = () => z.int().min(8).max(4096).optional()

/** Places of files on this machine; on the command line one flag for each. */
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
    steps: z.int().min(1).max(1000).default(20).describe('Steps from noise to picture'),
    guidanceScale: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('How closely the words are followed; 1 and less not at all beyond what comes by itself. The checkpoint has one of its own'),
    guidanceRescale: z.number().min(0).max(1).default(0).describe('Share by which guided pictures are kept from overexposure'),
    scheduler: z.enum(samplerNames).default('dpm++-2m').describe('Method that goes from noise to picture'),
    prediction: z
      .enum(['epsilon', 'v_prediction'])
      .optional()
      .describe('What the model predicts, for files of Stable Diffusion 2.x that do not say so themselves'),
    width: side().describe('In pixels; that of the picture if there is one, else what the model was trained with'),
    height: side().describe('In pixels, as the width'),
    count: count(16),
    seed: seed(),
    rng: z
      .enum(generators)
      .default('genera')
      .describe("Where noise comes from; torch-cpu gives published pipelines' pictures for the same seed"),
    loras: location('lora').max(16).optional().describe('Files of LoRA, each with how much of it: style.safetensors:0.8'),
    embeddings: location('embedding').max(64).optional().describe('Files of textual inversion; their words then stand in prompts'),
    previewEvery: z.int().min(0).max(1000).default(0).describe('Steps between previews; 0 shows none'),
  })
  .check(({ value: { image, mask, strength }, issues }) => {
    const refuse = (path: 'mask' | 'strength', found: unknown, message: string) =>
      issues.push({ code: 'custom', path: [path], input: found, message })
    if (mask && !image) refuse('mask', mask, 'left out where no image is given, or given together with one')
    if (strength !== undefined && !image) refuse('strength', strength, 'left out where no image is given, or given together with one')
    if (mask && image && (mask.width !== image.width || mask.height !== image.height))
      refuse('mask', mask, `a picture of ${image.width} × ${image.height}, as large as the image`)
  })

export type StableDiffusionInput = z.output<typeof input>
