import { z } from 'zod'
import { count, seed, text } from '../../../contract/index.js'

const longestText = 2 ** 20
const share = () => z.number().min(0).max(1).optional()

/** Everything that a language model can be asked for, under the names that its users know. */
export const input = z.object({
  prompt: text()
    .max(longestText)
    .refine((words) => words.trim() !== '', 'words to answer')
    .describe('What to answer'),
  instructions: z.string().max(longestText).default('').describe('What the model is told beforehand'),
  template: z
    .boolean()
    .default(true)
    .describe('Write the prompt as a dialogue, as models want it that were tuned for it; otherwise the text is continued'),
  maxTokens: z.int().min(1).max(65_536).default(512).describe('The most tokens of an answer'),
  temperature: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('0 takes the likeliest token, 1 draws from the model as it is; left out, what the model recommends, or 0.7'),
  topK: z.int().min(0).max(1_000_000).optional().describe('Draw among so many tokens; 0 for all'),
  topP: share().describe('Draw among the likeliest tokens that together have this probability'),
  minP: share().describe('Draw among tokens at least this share as likely as the likeliest'),
  repetitionPenalty: z.number().min(0.01).max(100).optional().describe('Divides the scores of tokens that were there before'),
  stop: z.string().min(1).max(1024).optional().describe('A text that ends the answer'),
  count: count(16),
  seed: seed(),
})

export type ChatInput = z.output<typeof input>
