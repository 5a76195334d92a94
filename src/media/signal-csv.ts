import { quoted } from '../weights/checkpoint-error.js'
import { assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { type Signal, type SignalChannel, type SignalEvent, sampleCount } from './signal.js'
import { csv } from './tables.js'
import { encodeText } from './text.js'

/**
 * Signals are kept as CSV. EDF is the recorders' own format, but it holds 16-bit integers between limits that have to be known
 * beforehand, names of 16 ASCII characters, and no rate that does not divide its records; CSV keeps every sample as it is, and
 * every tool for tables reads it:
 *
 *     seconds [256 Hz],Fz [µV],Cz [µV],event,event seconds
 *     0,1.5,-0.25,,
 *     0.00390625,1.75,-0.5,blink,0.2
 *
 * A row per sample. An event stands in the row of its time, or, if it falls between two samples or two events meet, in a row of its
 * own without samples; `event seconds` is how long it lasts. NaN is written out.
 */
export function encodeSignalCsv(signal: Signal): Uint8Array {
  assertSignal(signal)
  const { sampleRate, channels, events } = signal
  const titles = channels.map(({ name, unit }) => (unit ? `${name} [${unit}]` : name))
  const lines = [[`seconds [${sampleRate} Hz]`, ...titles, 'event', 'event seconds'].map(field).join(',')]
  const eventFields = (event?: SignalEvent) => (event ? [field(event.label), event.duration ?? ''] : ['', ''])
  const count = sampleCount(signal)
  let next = 0
  for (let i = 0; i < count; i++) {
    const seconds = i / sampleRate
    for (; next < events.length && (events[next] as SignalEvent).seconds < seconds; next++) lines.push(alone(events[next] as SignalEvent))
    const event = events[next]?.seconds === seconds ? events[next++] : undefined
    lines.push([seconds, ...channels.map(({ samples }) => shortest(samples[i] as number)), ...eventFields(event)].join(','))
  }
  for (; next < events.length; next++) lines.push(alone(events[next] as SignalEvent))
  return encodeText(`${lines.join('\n')}\n`)

  function alone(event: SignalEvent): string {
    return [event.seconds, ...channels.map(() => ''), ...eventFields(event)].join(',')
  }
}

/** Throws if the parts of a signal do not belong together. */
function assertSignal({ sampleRate, channels, events }: Signal): void {
  const fail = (expected: string, found: string): never => {
    throw new MediaError({ code: 'MediaInvalid', action: 'write', file: 'a signal', expected, found })
  }
  const count = channels[0]?.samples.length ?? fail('a channel', 'none')
  if (!(sampleRate > 0 && sampleRate < Infinity)) fail('a sample rate above 0 Hz', String(sampleRate))
  const titles = new Set<string>()
  for (const { name, unit, samples } of channels) {
    if (samples.length !== count) fail(`${count} samples in ${quoted(name)}, as in the first channel`, String(samples.length))
    if (name === '' || /[[\]]/.test(name + unit)) fail('names without brackets', quoted(`${name} [${unit}]`))
    if (titles.has(name) || name === 'event' || name === 'event seconds') fail('names that differ', `another ${quoted(name)}`)
    titles.add(name)
  }
  for (const [i, { seconds, duration = 0, label }] of events.entries())
    if (!(seconds >= (events[i - 1]?.seconds ?? 0) && seconds < Infinity && duration >= 0 && label !== ''))
      fail('events with labels, in the order of their times', `${quoted(label)} at ${seconds} seconds`)
}

/** The shortest decimal that reads back as the same 32-bit number. */
function shortest(value: number): string {
  if (Object.is(value, -0)) return '-0'
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(Number(value.toPrecision(9)))
}

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/**
 * Reads a table with a column of times and one column per channel: ours, or any whose first column counts seconds evenly
 * (`time`, `seconds` or `t`). Units stand in brackets behind the names.
 *
 * @throws MediaError for tables that are no signals; DataError, with the line, for files that are no CSV
 */
export async function decodeSignalCsv(
  bytes: Uint8Array,
  { limits: given, name: file = 'a signal' }: { limits?: Partial<MediaLimits>; name?: string } = {},
): Promise<Signal> {
  const limits = withDefaults(given)
  const fail = (expected: string, found: string): never => {
    throw new MediaError({ code: 'MediaInvalid', file, expected, found })
  }
  assertWithin(limits, 'bytes', bytes.length, file)
  const table = await csv(bytes)
  const first = table.length > 0 ? Object.keys(await table.record(0)) : fail('a sample', 'none')
  const [time = '', ...columns] = first
  const [, rate] = /^(?:seconds|time|t)(?: \[(?:([\d.e+-]+) Hz|s)\])?$/i.exec(time) ?? fail('a first column of seconds', quoted(time))
  const names = columns.filter((column) => column !== 'event' && column !== 'event seconds')
  if (names.length === 0) fail('a column of samples', 'none')
  assertWithin(limits, 'decodedBytes', table.length * names.length * 4, file)
  const samples = names.map(() => new Float32Array(table.length))
  const events: SignalEvent[] = []
  const number = (text: string | undefined, what: string): number =>
    text === 'NaN'
      ? Number.NaN
      : text !== undefined && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text)
        ? Number(text)
        : fail(what, quoted(text ?? ''))
  const times: number[] = []
  let row = 0
  for await (const record of table) {
    row++
    const seconds = number(record[time], `seconds in row ${row}`)
    const label = record.event ?? ''
    if (label !== '') {
      const duration = record['event seconds'] ?? ''
      events.push({ seconds, label, ...(duration !== '' && { duration: number(duration, `the length of an event in row ${row}`) }) })
    }
    if (label !== '' && names.every((column) => record[column] === '')) continue
    for (const [channel, column] of names.entries())
      (samples[channel] as Float32Array)[times.length] = number(record[column], `a sample of ${quoted(column)} in row ${row}`)
    times.push(seconds)
  }
  const sampleRate = rate === undefined ? evenRate(times) : Number(rate)
  if (sampleRate === undefined || !(sampleRate > 0)) return fail('seconds that grow evenly', 'other steps')
  assertWithin(limits, 'seconds', times.length / sampleRate, file)
  const channels = names.map((column, channel): SignalChannel => {
    const [, name = '', unit = ''] = /^(.*?)(?: \[([^[\]]*)\])?$/s.exec(column) ?? []
    return { name, unit, samples: (samples[channel] as Float32Array).slice(0, times.length) }
  })
  return {
    sampleRate,
    channels,
    events: events.map((event) => (rate === undefined ? { ...event, seconds: event.seconds - (times[0] ?? 0) } : event)),
  }
}

/** In Hz; undefined unless every step is the mean step, give or take a tenth. Whole rates come out whole. */
function evenRate(times: readonly number[]): number | undefined {
  const step = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1)
  if (!(step > 0) || times.some((time, i) => i > 0 && Math.abs(time - (times[i - 1] as number) - step) > 0.1 * step)) return undefined
  const rate = 1 / step
  return Math.abs(rate - Math.round(rate)) < 1e-3 * rate && Math.round(rate) > 0 ? Math.round(rate) : rate
}
