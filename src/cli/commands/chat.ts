import type { ChatFlags } from '../chat/chat.js'
import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { withDevice } from '../making/options.js'
import { terminalOf } from '../terminal.js'
import { numberFrom, oneOf, wholeNumber } from '../usage-error.js'

export const addChat: AddCommand = (program, session) => {
  const most = Number.MAX_SAFE_INTEGER
  const command = program
    .command('chat')
    .summary('talk with a language model')
    .description(
      'Talks with a language model: the small one that comes with genera, which knows scenes of the world and sums, or a published one, by its folder or by owner/name on the hub. On a terminal it is a dialogue, in which /help lists what can be typed and Ctrl-C stops an answer; words, or what is piped in, are one question, and the answer is printed.',
    )
    .argument('[question...]', 'one question, in place of a dialogue')
    .option('--system <text>', 'what the model is told before the dialogue')
    .option('--load <file>', 'go on with a dialogue that /save has written')
    .option('--max-tokens <number>', 'the most tokens of an answer (default: 1024)', wholeNumber('--max-tokens', 1, 2 ** 31))
    .option(
      '--temperature <number>',
      '0 takes the likeliest token, 1 draws from the model as it is (default: what the model recommends, or 0.7)',
      numberFrom('--temperature', 0, 100),
    )
    .option('--top-k <number>', 'draw among so many tokens', wholeNumber('--top-k', 0, 2 ** 31))
    .option('--top-p <share>', 'draw among the likeliest tokens that together have this probability', numberFrom('--top-p', 0, 1))
    .option('--min-p <share>', 'draw among tokens at least this share as likely as the likeliest', numberFrom('--min-p', 0, 1))
    .option(
      '--typical-p <share>',
      'draw among the most typical tokens that together have this probability',
      numberFrom('--typical-p', 0, 1),
    )
    .option(
      '--repetition-penalty <number>',
      'divides the scores of tokens that were there before',
      numberFrom('--repetition-penalty', 0.01, 100),
    )
    .option('--presence-penalty <number>', 'subtracted for tokens that were said', numberFrom('--presence-penalty', -2, 2))
    .option('--frequency-penalty <number>', 'subtracted each time that a token was said', numberFrom('--frequency-penalty', -2, 2))
    .option('--stop <texts...>', 'texts that end an answer')
    .option('--seed <number>', 'the same seed gives the same answers (default: a new one each time)', wholeNumber('--seed', 0, most))
    .option('--schema <file>', 'a JSON schema; answers are JSON that keeps to it')
    .option('--bits <number>', 'keep the weights in blocks of 4 or 8 bits, which takes less memory', oneOf('--bits', ['4', '8']))
    .option('--no-template', 'continue the text as it stands, as models do that were not tuned for dialogues')
  withExamples(
    command,
    'genera chat --checkpoint HuggingFaceTB/SmolLM2-135M-Instruct',
    'genera chat --checkpoint ./qwen "Why is the sky blue?" --max-tokens 100',
    'cat notes.txt | genera chat --checkpoint ./qwen --system "Summarise in one sentence."',
    'genera chat --checkpoint google/flan-t5-small --no-template "Translate to German: good morning"',
  )
  withCommonOptions(withDevice(command)).action(async (question: readonly string[], options: ChatFlags) => {
    const { chat } = await import('../chat/chat.js')
    await chat(question, options, terminalOf(options, session), session)
  })
}
