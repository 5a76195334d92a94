import type { Audio } from '../media/audio.js'
import type { Deck } from '../media/deck.js'
import type { Image } from '../media/image.js'
import type { MediaLimits } from '../media/limits.js'
import type { Mesh } from '../media/mesh.js'
import type { Motion } from '../media/motion.js'
import type { Json, Provenance } from '../media/provenance.js'
import type { Signal } from '../media/signal.js'
import type { Text } from '../media/text.js'
import type { Video } from '../media/video.js'
import { UnknownEndingError } from './errors.js'
import { formats } from './formats.js'

/** Everything that a system can read or make, and the value that stands for it. The list is closed. */
export interface Modalities {
  readonly text: Text
  readonly code: Text
  readonly image: Image
  readonly audio: Audio
  readonly video: Video
  readonly mesh: Mesh
  readonly motion: Motion
  /** Measurements of several sensors, such as EEG and MEG. */
  readonly signal: Signal
  readonly deck: Deck
  /** Of numbers: what AlphaTensor takes apart. */
  readonly tensor: Json
  /** A scheme of multiplications, proved. */
  readonly algorithm: Json
  /** What an agent sees and does, step by step. */
  readonly actions: Json
}

export type Modality = keyof Modalities

export interface EncodeOptions {
  /** How the value was made, to be kept in the file where the format can. */
  readonly provenance?: Provenance | undefined
  /** From 1 to 100, where the format loses something. */
  readonly quality?: number | undefined
}

export interface DecodeOptions {
  /** For errors; its ending must fit the content. */
  readonly name: string
  readonly limits?: Partial<MediaLimits> | undefined
}

/** A form in which a modality is kept in files. */
export interface Format<Value> {
  /** The first is the one that genera gives. */
  readonly endings: readonly [string, ...string[]]
  readonly mediaType: string
  /** Whether provenance finds a place inside; where it does not, a face writes it beside the file. */
  readonly keepsProvenance: boolean
  /** Missing where genera only reads. */
  encode?(value: Value, options: EncodeOptions): Promise<Uint8Array>
  /** Missing where genera only writes. */
  decode?(bytes: Uint8Array, options: DecodeOptions): Promise<Value>
}

export interface ModalityFacts<Value> {
  /** As a sentence calls it: "a picture". */
  readonly title: string
  /** Several of them: "pictures". */
  readonly plural: string
  /** Whether something is such a value, by its main parts: enough to tell a picture from a sound. */
  readonly holds: (value: unknown) => value is Value
  /** The first is the one to take where nothing else is said. */
  readonly formats: readonly [Format<Value>, ...Format<Value>[]]
}

const has =
  <Value>(...keys: readonly (keyof Value & string)[]) =>
  (value: unknown): value is Value =>
    typeof value === 'object' && value !== null && keys.every((key) => key in value)
const isText = (value: unknown): value is Text => typeof value === 'string'
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)

export const modalities: { readonly [M in Modality]: ModalityFacts<Modalities[M]> } = {
  text: { title: 'text', plural: 'texts', holds: isText, formats: formats.text },
  code: { title: 'code', plural: 'pieces of code', holds: isText, formats: formats.code },
  image: { title: 'a picture', plural: 'pictures', holds: has<Image>('width', 'height', 'channels', 'data'), formats: formats.image },
  audio: { title: 'a sound', plural: 'sounds', holds: isAudio, formats: formats.audio },
  video: { title: 'a film', plural: 'films', holds: has<Video>('frameRate', 'frames'), formats: formats.video },
  mesh: { title: 'a mesh', plural: 'meshes', holds: has<Mesh>('parts'), formats: formats.mesh },
  motion: { title: 'a motion', plural: 'motions', holds: has<Motion>('frameRate', 'joints', 'rotations'), formats: formats.motion },
  signal: { title: 'a signal', plural: 'signals', holds: has<Signal>('sampleRate', 'channels', 'events'), formats: formats.signal },
  deck: { title: 'a deck of slides', plural: 'decks', holds: has<Deck>('title', 'slides'), formats: formats.deck },
  tensor: { title: 'a tensor', plural: 'tensors', holds: isJson, formats: formats.document },
  algorithm: { title: 'an algorithm', plural: 'algorithms', holds: isJson, formats: formats.document },
  actions: { title: 'a record of actions', plural: 'records of actions', holds: isJson, formats: formats.document },
}

/** A signal has everything that a sound has, and events. */
function isAudio(value: unknown): value is Audio {
  return has<Audio>('sampleRate', 'channels')(value) && !('events' in value)
}

export const modalityNames = Object.keys(modalities) as readonly Modality[]

/** Without its dot, in small letters; empty for a name that has none. */
export const endingOf = (name: string): string => /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''

/** The endings of files that genera can write (or read) for a modality, or for all of them. */
export function endingsOf(modality?: Modality, action: 'read' | 'write' = 'write'): readonly string[] {
  const names = modality === undefined ? modalityNames : [modality]
  return [...new Set(names.flatMap((name) => able(name, action).flatMap((format) => format.endings)))]
}

/**
 * What a file of this ending can hold, likeliest first: a film also has sound, and several modalities are kept as JSON.
 *
 * @throws UnknownEndingError for an ending that genera does not write (or read)
 */
export function modalitiesOfEnding(ending: string, action: 'read' | 'write' = 'write'): readonly [Modality, ...Modality[]] {
  const [first, ...others] = modalityNames
    .filter((name) => able(name, action).some(({ endings }) => endings.includes(ending)))
    .sort((a, b) => Number(owns(b, ending)) - Number(owns(a, ending)))
  if (first === undefined) throw new UnknownEndingError(ending, endingsOf(undefined, action), action)
  return [first, ...others]
}

/**
 * The form that an ending means for a modality.
 *
 * @throws UnknownEndingError
 */
export function formatFor<M extends Modality>(modality: M, ending: string, action: 'read' | 'write' = 'write'): Format<Modalities[M]> {
  const found = able(modality, action).find(({ endings }) => endings.includes(ending))
  if (found) return found
  throw new UnknownEndingError(ending, endingsOf(modality, action), action, modalities[modality].title)
}

/** A value as the bytes of a file. Throws UnknownEndingError, and MediaError for a value that the format cannot hold. */
export async function encodeValue<M extends Modality>(
  modality: M,
  value: Modalities[M],
  ending: string,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  const { encode } = formatFor(modality, ending)
  return (encode as NonNullable<typeof encode>)(value, options)
}

/** The value in a file. Throws UnknownEndingError by its name, and MediaError for what is damaged, oversized or something else. */
export async function decodeValue<M extends Modality>(modality: M, bytes: Uint8Array, options: DecodeOptions): Promise<Modalities[M]> {
  const { decode } = formatFor(modality, endingOf(options.name), 'read')
  const value = await (decode as NonNullable<typeof decode>)(bytes, options)
  if (typeof value === 'object' && value !== null) origins.set(value, { file: options.name, bytes })
  return value
}

/** Where decoded values come from, so that what is made of them can say it. */
const origins = new WeakMap<object, { readonly file: string; readonly bytes: Uint8Array }>()

/** The file that a value was decoded from, with the SHA-256 of its bytes in hexadecimal digits. */
export async function originOf(value: object): Promise<{ readonly file: string; readonly sha256: string } | undefined> {
  const origin = origins.get(value)
  return origin && { file: origin.file, sha256: await sha256(origin.bytes) }
}

/** In 64 hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function able<M extends Modality>(modality: M, action: 'read' | 'write'): readonly Format<Modalities[M]>[] {
  const { formats } = modalities[modality] as ModalityFacts<Modalities[M]>
  return formats.filter((format) => format[action === 'read' ? 'decode' : 'encode'])
}

/** Whether files of this ending are written for the modality, rather than merely read. */
const owns = (modality: Modality, ending: string): boolean => able(modality, 'write').some(({ endings }) => endings.includes(ending))
