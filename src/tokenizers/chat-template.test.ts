import { describe, expect, test } from 'vitest'
import { type ChatOptions, chatTemplate } from './chat-template.js'

const turns = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: ' Hi ' },
]
const render = (template: unknown, options: ChatOptions = {}, config: Record<string, unknown> = {}): string =>
  chatTemplate(template, config, 'tokenizer_config.json')?.render(turns, options) ?? ''

const chatml = `{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content | trim + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}`

describe('chatTemplate()', () => {
  test('writes a dialogue as its template has it', () => {
    const text = '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n'
    expect(render(chatml)).toBe(`${text}<|im_start|>assistant\n`)
    expect(render(chatml, { addGenerationPrompt: false })).toBe(text)
  })

  test('knows special tokens, in both spellings, and further variables', () => {
    const config = { bos_token: '<s>', eos_token: { content: '</s>' } }
    expect(render('{{ bos_token }}{{ eos_token }}{{ thinking }}', { variables: { thinking: false } }, config)).toBe('<s></s>false')
  })

  test('takes the template for tools where there are tools', () => {
    const named = [
      { name: 'default', template: 'plain' },
      { name: 'tool_use', template: '{{ tools[0] | tojson }}' },
    ]
    expect(render(named)).toBe('plain')
    expect(render(named, { tools: [{ name: 'add' }] })).toBe('{"name": "add"}')
  })

  test.each([
    ['tagged', '{% if tools %}inside <tool_call> tags{% endif %}'],
    ['bare', '{% if tools %}{"name": name, "parameters": dictionary}{% endif %}'],
    ['listed', '{% if tools %}[TOOL_CALLS] "parameters"{% endif %}'],
    [undefined, '{% if tools %}[TOOL_CALLS]{{ name }}[ARGS] "parameters"{% endif %}'],
    [undefined, chatml],
  ])('knows how calls are written: %s', (form, template) => {
    expect(chatTemplate(template, {}, 'tokenizer_config.json')?.calls).toBe(form)
  })

  test('writes the date that it is given', () => {
    expect(render("{{ strftime_now('%d %b %Y, %A %H:%M') }}", { now: new Date(2026, 10, 26, 9, 5) })).toBe('26 Nov 2026, Thursday 09:05')
  })

  test('hands on what the template says of a dialogue that it refuses', () => {
    expect(() => render("{{ raise_exception('turns must alternate') }}")).toThrow(
      'Cannot write the dialogue: expected one that the chat template takes, found turns must alternate',
    )
  })

  test.each([
    [
      'loops without end',
      '{% for i in range(10000) %}{% for j in range(10000) %}{% set x = i %}{% endfor %}{% endfor %}',
      /takes more than 300,000 steps/,
    ],
    ['a list without end', '{{ range(10000000000) }}', /has more than 65536 numbers/],
    [
      'text that doubles',
      "{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
      /writes more than 16777216 characters/,
    ],
    ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /expected a template that can be run/],
    ["JavaScript's prototypes", "{{ messages.__proto__.constructor('return 1')() }}", /expected a template that can be run/],
    ["a text's constructor", "{{ ''.constructor('return 1')() }}", /expected a template that can be run/],
    ['a block without end', '{% if messages %}', /expected a Jinja template/],
    ['something else than text', 7, /expected text, or a list of names and templates, found number/],
  ])('refuses %s', (_, template, sentence) => {
    expect(() => render(template)).toThrow(sentence)
  })
})
