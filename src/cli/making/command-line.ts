import type { Field, System } from '../../contract/index.js'
import type { Json } from '../../media/provenance.js'

/** The command line that makes a file, without the options that are as they would be anyhow. */
export function commandLine(
  system: Pick<System, 'id' | 'fields'>,
  options: Readonly<Record<string, Json>>,
  seed: number,
  ending: string,
  { quality, checkpoint }: { readonly quality?: number | undefined; readonly checkpoint?: string | undefined } = {},
): string {
  const flags = system.fields.flatMap((field) => {
    const value = options[field.name]
    return value === undefined || JSON.stringify(value) === JSON.stringify(field.default) ? [] : flagsOf(field, value)
  })
  if (system.fields.some(({ name }) => name === 'seed')) flags.push(`--seed ${seed}`)
  if (checkpoint !== undefined) flags.push(`--checkpoint ${quoted(checkpoint)}`)
  if (quality !== undefined) flags.push(`--quality ${quality}`)
  return ['genera run', system.id, ...flags, `-o ${system.id}.${ending}`].join(' ')
}

function flagsOf(field: Field, value: Json): string[] {
  if (field.kind === 'boolean') return [value === true ? `--${field.flag}` : `--no-${field.flag}`]
  const values = field.list && Array.isArray(value) ? (value as readonly Json[]) : [value]
  return values.map((each) => `--${field.flag} ${quoted(written(each))}`)
}

/** A medium is named by its file. */
function written(value: Json): string {
  const { file } = (typeof value === 'object' && value !== null ? value : {}) as { readonly file?: Json }
  return typeof file === 'string' ? file : typeof value === 'string' ? value : JSON.stringify(value)
}

/** In double quotes, which every shell reads alike, unless something in it would not stay as it is. */
export function quoted(text: string): string {
  if (/^[\w.:/@%+,-]+$/.test(text)) return text
  return /["$`\\!\r\n]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`
}
