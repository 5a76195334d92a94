import { describe, expect, test } from 'vitest'
import { zeros } from '../../graph/index.js'
import { type ChatMessage, chatTemplate } from '../../tokenizers/index.js'
import { type ChatModel, type ChatStreamOptions, chatWith } from './chat.js'
import type { Row } from './reuse.js'

const plain =
  '{% for m in messages %}[{{ m.role }}]{{ m.content }}{% for c in m.tool_calls or [] %}({{ c.function.name }}){% endfor %}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}'
const tagged = `{% if tools %}<tool_call> {{ tools | tojson }}{% endif %}${plain}`
const bare = `{% if tools %}{"name", "parameters"}{{ tools | tojson }}{% endif %}${plain}`

/** Says one answer after the other, letter by letter, whatever it is asked; keeps what it was asked. */
function speaker(answers: readonly string[], { template = plain as string | undefined, context = 4000 } = {}) {
  const asked: string[] = []
  let [prompt, turn] = [-1, -1]
  const model: ChatModel = {
    endTokens: [0],
    decoder: {
      vocabulary: 256,
      context,
      async next([row]: readonly Row[]) {
        const tokens = row as Row
        const text = new TextDecoder().decode(Uint8Array.from(tokens))
        if (text.endsWith('[assistant]')) {
          asked.push(text)
          turn++
          prompt = tokens.length
        }
        const logits = zeros([1, 256])
        logits.data[new TextEncoder().encode(answers[turn] ?? '')[tokens.length - prompt] ?? 0] = 30
        return logits
      },
      async dispose() {},
    },
    tokenizer: {
      size: 256,
      encode: (text) => [...new TextEncoder().encode(text)],
      decode: (tokens) => new TextDecoder().decode(Uint8Array.from(tokens)),
      chat: template === undefined ? undefined : chatTemplate(template, {}, 'test'),
    },
  }
  return { model, asked }
}

const user = (content: string): ChatMessage => ({ role: 'user', content })
async function answer({ model }: ReturnType<typeof speaker>, messages: readonly ChatMessage[], options: ChatStreamOptions = {}) {
  const events = []
  for await (const event of chatWith(model).stream(messages, { temperature: 0, ...options })) events.push(event)
  const result = events.at(-1)
  if (result?.kind !== 'result') throw new Error('no result')
  return { events, result, text: events.map((event) => (event.kind === 'text' ? event.text : '')).join('') }
}

const add = {
  name: 'add',
  parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  call: ({ a, b }: Readonly<Record<string, unknown>>) => Number(a) + Number(b),
} as const
const call = (text: string) => `<tool_call>\n${text}\n</tool_call>`

describe('chatWith()', () => {
  test('writes the dialogue by its template and streams the answer', async () => {
    const says = speaker(['Hé!'])
    const { events, result } = await answer(says, [{ role: 'system', content: 'Be brief.' }, user('Hi')])
    expect(says.asked).toEqual(['[system]Be brief.[user]Hi[assistant]'])
    expect(events.map((event) => event.kind === 'text' && event.text)).toEqual(['H', 'é', '!', false])
    expect(result).toMatchObject({ text: 'Hé!', ending: 'end', tokens: 4, promptTokens: 36 })
    expect(result.messages).toEqual([{ role: 'assistant', content: 'Hé!' }])
  })

  test('goes on from the last turn: what it asks begins with what the caches hold', async () => {
    const says = speaker(['One.', 'Two.'])
    const first = await answer(says, [user('a')])
    await answer(says, [user('a'), ...first.result.messages, user('b')])
    expect(says.asked[1]?.startsWith(`${says.asked[0]}One.`)).toBe(true)
  })

  test('ends with its signal between two tokens', async () => {
    const stop = new AbortController()
    const said: string[] = []
    const talking = async () => {
      for await (const event of chatWith(speaker(['abcdef']).model).stream([user('Hi')], { signal: stop.signal })) {
        if (event.kind === 'text') said.push(event.text)
        if (said.length === 2) stop.abort(new Error('enough'))
      }
    }
    await expect(talking()).rejects.toThrow('enough')
    expect(said).toEqual(['a', 'b'])
  })

  test('calls functions, tells the model what they gave, and streams only what is no call', async () => {
    const says = speaker([`Let me see.\n${call('{"name": "add", "arguments": {"a": 2, "b": 3}}')}`, 'It is 5.'], { template: tagged })
    const { events, text, result } = await answer(says, [user('2 + 3?')], { tools: [add] })
    expect(text).toBe('Let me see.It is 5.')
    expect(events).toContainEqual({ kind: 'call', call: { name: 'add', arguments: { a: 2, b: 3 } } })
    expect(events).toContainEqual({ kind: 'given', name: 'add', content: '5' })
    expect(result.messages.map(({ role, content }) => [role, content])).toEqual([
      ['assistant', 'Let me see.'],
      ['tool', '5'],
      ['assistant', 'It is 5.'],
    ])
    expect(says.asked[0]).toContain('"name": "add"')
    expect(says.asked[1]).toContain('(add)[tool]5[assistant]')
  })

  test('reads several calls of one answer, and the bare calls of Llama', async () => {
    const two = call('{"name": "add", "arguments": {"a": 1, "b": 1}}') + call('{"name": "add", "arguments": "{\\"a\\": 2, \\"b\\": 2}"}')
    const given = (await answer(speaker([two, 'ok'], { template: tagged }), [user('x')], { tools: [add] })).events
    expect(given.filter(({ kind }) => kind === 'given')).toMatchObject([{ content: '2' }, { content: '4' }])
    const llama = await answer(speaker(['{"name": "add", "parameters": {"a": 4, "b": 4}}', 'ok'], { template: bare }), [user('x')], {
      tools: [add],
    })
    expect(llama.events).toContainEqual({ kind: 'given', name: 'add', content: '8' })
    expect(llama.text).toBe('ok')
    const other = await answer(speaker(['{"colour": "red"}'], { template: bare }), [user('x')], { tools: [add] })
    expect(other.text).toBe('{"colour": "red"}')
  })

  test("reads Mistral's list of calls, and gives each call and its result one name of nine letters and digits", async () => {
    const listed = `{% if tools %}[TOOL_CALLS]{% endif %}${plain}`
    const written = ' [{"name": "add", "arguments": {"a": 1, "b": 2}}, {"name": "add", "arguments": {"a": 3, "b": 4}}]'
    const { events, text, result } = await answer(speaker([written, 'ok'], { template: listed }), [user('x')], { tools: [add] })
    expect(events.filter(({ kind }) => kind === 'given')).toMatchObject([{ content: '3' }, { content: '7' }])
    expect(text).toBe('ok')
    const [asked, ...given] = result.messages
    const names = ((asked?.tool_calls ?? []) as { id: string }[]).map(({ id }) => id)
    expect(new Set(names).size).toBe(2)
    for (const name of names) expect(name).toMatch(/^[a-z0-9]{9}$/)
    expect(given.slice(0, 2).map(({ tool_call_id }) => tool_call_id)).toEqual(names)
    const other = await answer(speaker(['[1, 2]'], { template: listed }), [user('x')], { tools: [add] })
    expect(other.text).toBe('[1, 2]')
  })

  test.each([
    ['a function that is none', '{"name": "sub", "arguments": {}}', 'there is no function \\"sub\\", there are add'],
    ['a missing argument', '{"name": "add", "arguments": {"a": 1}}', 'the argument \\"b\\" is missing'],
    ['a wrong type', '{"name": "add", "arguments": {"a": 1, "b": "2"}}', 'the argument \\"b\\" must be of type number'],
    ['what is no JSON', '{"name": "add", ', 'the call is no JSON'],
  ])('tells the model of %s instead of calling', async (_, written, problem) => {
    const { events } = await answer(speaker([call(written), 'Sorry.'], { template: tagged }), [user('x')], { tools: [add] })
    expect(events).toContainEqual(expect.objectContaining({ kind: 'given', content: `{"error":"${problem}"}` }))
    expect(events.at(-1)).toMatchObject({ text: 'Sorry.', ending: 'end' })
  })

  test('tells the model what a function throws', async () => {
    const broken = { ...add, call: () => Promise.reject(new Error('no network')) }
    const { events } = await answer(
      speaker([call('{"name": "add", "arguments": {"a": 1, "b": 1}}'), 'Hm.'], { template: tagged }),
      [user('x')],
      {
        tools: [broken],
      },
    )
    expect(events).toContainEqual({ kind: 'given', name: 'add', content: '{"error":"no network"}' })
  })

  test('gives calls to the caller where there is nothing to call, and after the last round', async () => {
    const { call: _, ...silent } = add
    const one = call('{"name": "add", "arguments": {"a": 1, "b": 1}}')
    expect((await answer(speaker([one], { template: tagged }), [user('x')], { tools: [silent] })).result.ending).toBe('calls')
    const endless = await answer(speaker([one, one, one, one], { template: tagged }), [user('x')], { tools: [add], rounds: 2 })
    expect([endless.result.ending, endless.result.messages.length]).toEqual(['calls', 3])
  })

  test('says both numbers of a dialogue that is longer than the context', async () => {
    await expect(answer(speaker(['a'], { context: 20 }), [user('x'.repeat(30))])).rejects.toThrow(
      'it has 47 tokens, the model reads 20 and one of them must be left to answer with',
    )
  })

  test('refuses a model that was not made for dialogues', () => {
    expect(() => chatWith({ ...speaker([]).model, tokenizer: { ...speaker([]).model.tokenizer, chat: undefined } })).toThrow(
      'Cannot hold a dialogue: the tokenizer has no chat template',
    )
  })

  test.each<[string, ChatStreamOptions, string]>([
    ['tools that the template does not know', { tools: [add] }, "Cannot offer tools: the model's chat template tells it of none"],
    ['rounds without end', { rounds: Number.POSITIVE_INFINITY }, 'Cannot answer in rounds Infinity'],
  ])('refuses %s', async (_, options, sentence) => {
    await expect(answer(speaker(['a']), [user('x')], options)).rejects.toThrow(sentence)
  })

  test.each([
    ['two tools of one name', [add, add], 'two are called "add"'],
    ['a name that is none', [{ ...add, name: 'a b' }], 'found "a b"'],
    ['parameters that are no object', [{ ...add, parameters: { type: 'string' } }], 'are no schema of an object'],
  ])('refuses %s', async (_, tools, sentence) => {
    await expect(answer(speaker(['a'], { template: tagged }), [user('x')], { tools })).rejects.toThrow(sentence)
  })
})
