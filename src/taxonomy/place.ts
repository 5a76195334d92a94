import { InputError, type Modalities, type Modality, modalities, type System } from '../contract/index.js'

/** A value that a face was given without being told which option it is for. */
export type Given = { readonly [M in Modality]: { readonly modality: M; readonly value: Modalities[M] } }[Modality]

/**
 * The options that loose values belong to: each goes into the first free field of its modality, and into a list as long as it has
 * room. `options` are those that were named; they keep their places.
 *
 *     placeInputs(stableDiffusion, [{ modality: 'text', value: 'a red cube' }])     // { prompt: 'a red cube' }
 *
 * @throws InputError for a value that finds no place
 */
export function placeInputs(
  system: System,
  given: readonly Given[],
  options: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const input: Record<string, unknown> = { ...options }
  for (const { modality, value } of given) {
    const fields = system.fields.filter((field) => field.modality === modality)
    const field = fields.find(({ name, list, most = Number.POSITIVE_INFINITY }) => {
      const placed = input[name]
      return placed === undefined || (list && !(name in options) && (placed as readonly unknown[]).length < most)
    })
    if (!field) {
      const taken = fields.map(({ name }) => name).join(', ')
      throw new InputError(system.id, [
        {
          field: 'what is given',
          expected: taken ? `at most what ${taken} can take` : system.card.inputs.map((each) => modalities[each].title).join(', '),
          found: taken ? `more ${modalities[modality].plural}` : modalities[modality].title,
        },
      ])
    }
    input[field.name] = field.list ? [...((input[field.name] as readonly unknown[] | undefined) ?? []), value] : value
  }
  return input
}
