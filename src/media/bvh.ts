import { printable, quoted } from '../weights/checkpoint-error.js'
import { assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { assertMotion, frameCount, type Joint, type Motion, mostJoints, multiply, type Quaternion } from './motion.js'
import { assertProportionate } from './proportion.js'
import { decodeText, encodeText } from './text.js'

/** In which order a joint turns about its own axes; `ZXY` is what most recordings use. */
export const eulerOrders = ['XYZ', 'XZY', 'YXZ', 'YZX', 'ZXY', 'ZYX'] as const
export type EulerOrder = (typeof eulerOrders)[number]

const axisNames = ['X', 'Y', 'Z'] as const
/** Offsets and positions are written in centimetres, which most BVH files are in; the format itself names no unit. */
const centimetre = 0.01

export interface BvhOptions {
  /** What a length of 1 in the file means; a centimetre if it is not given. */
  readonly metresPerUnit?: number
}

/** A motion as BVH text. Five decimals: what 32-bit numbers are good for. */
export function encodeBvh(
  motion: Motion,
  { order = 'ZXY', metresPerUnit = centimetre }: BvhOptions & { readonly order?: EulerOrder } = {},
): Uint8Array {
  const { joints, rotations, rootTranslations, frameRate } = motion
  assertMotion(motion)
  const spaced = joints.find(({ name }) => !/^\S+$/.test(name))
  if (spaced)
    throw new MediaError({
      code: 'MediaInvalid',
      action: 'write',
      file: 'a motion',
      expected: 'joint names without spaces, which BVH cannot hold',
      found: quoted(spaced.name),
    })
  const lines = ['HIERARCHY']
  const number = (value: number) => (Math.round(value * 1e5) / 1e5 || 0).toString() // never "-0"
  const vector = (values: readonly number[]) => values.map((value) => number(value / metresPerUnit)).join(' ')
  const rotationNames = [...order].map((axis) => `${axis}rotation`).join(' ')
  /** The file's order is that of its braces: every joint is followed by all that hangs from it. */
  const written: number[] = []
  const write = (index: number, depth: number): void => {
    const { name, offset, tip, parent } = joints[index] as Joint
    const tab = '\t'.repeat(depth)
    written.push(index)
    lines.push(`${tab}${parent < 0 ? 'ROOT' : 'JOINT'} ${name}`, `${tab}{`, `${tab}\tOFFSET ${vector(offset)}`)
    lines.push(`${tab}\tCHANNELS ${parent < 0 ? `6 Xposition Yposition Zposition ${rotationNames}` : `3 ${rotationNames}`}`)
    const children = [...joints.keys()].filter((child) => joints[child]?.parent === index)
    for (const child of children) write(child, depth + 1)
    // Readers insist on an end for every limb.
    if (children.length === 0) lines.push(`${tab}\tEnd Site`, `${tab}\t{`, `${tab}\t\tOFFSET ${vector(tip ?? [0, 0, 0])}`, `${tab}\t}`)
    lines.push(`${tab}}`)
  }
  write(0, 0)
  const frames = frameCount(motion)
  lines.push('MOTION', `Frames: ${frames}`, `Frame Time: ${(1 / frameRate).toPrecision(12).replace(/\.?0+$/, '')}`)
  for (let frame = 0; frame < frames; frame++) {
    const values = [vector([...rootTranslations.subarray(3 * frame, 3 * frame + 3)])]
    for (const joint of written) {
      const at = 4 * (frame * joints.length + joint)
      values.push(
        eulerAngles([...rotations.subarray(at, at + 4)] as unknown as Quaternion, order)
          .map(number)
          .join(' '),
      )
    }
    lines.push(values.join(' '))
  }
  return encodeText(`${lines.join('\n')}\n`)
}

/**
 * Reads BVH text: any order and number of rotation channels, positions for the root. A joint of its own may repeat its offset as
 * positions, as some exporters write it, but not move away from its parent: a skeleton's bones keep their lengths.
 *
 * @throws MediaError for text that is damaged, oversized, or not BVH
 */
export function decodeBvh(
  bytes: Uint8Array,
  {
    metresPerUnit = centimetre,
    limits: given,
    name: file = 'a BVH motion',
  }: BvhOptions & { limits?: Partial<MediaLimits>; name?: string } = {},
): Motion {
  const limits = withDefaults(given)
  const words = new Words(decodeText(bytes, { limits, name: file }), file)
  const { joints, channels } = readHierarchy(words, metresPerUnit)
  words.expect('MOTION')
  words.expect('Frames:')
  const frames = words.whole('a number of frames')
  words.expect('Frame')
  words.expect('Time:')
  const frameTime = words.number('a frame time')
  if (!(frameTime > 0)) return words.fail('a frame time above 0', String(frameTime))
  // A recording has no frames in a film's sense: the limit on its length in time and on its memory hold.
  assertWithin(limits, 'seconds', frames * frameTime, file)
  assertProportionate(frames * (3 + 4 * joints.length) * 4, { limits, fileSize: bytes.length, file })
  const values = channels.reduce((count, { length }) => count + length, 0)
  // Two characters a number is the least that text can do: checked before anything is allocated for them.
  if (frames * values * 2 > words.left + 1)
    return words.fail(`${frames} frames of ${values} numbers`, `${words.left} characters`, 'MediaTruncated')
  const rootTranslations = new Float32Array(3 * frames)
  const rotations = new Float32Array(4 * joints.length * frames)
  for (let frame = 0; frame < frames; frame++)
    for (const [joint, kinds] of channels.entries()) {
      const { offset, name } = joints[joint] as Joint
      const place = [...offset] as [number, number, number]
      let turn: Quaternion = [0, 0, 0, 1]
      for (const { axis, position } of kinds) {
        const value = words.number(`a value of ${quoted(name)} in frame ${frame}`)
        if (position) place[axis] = value * metresPerUnit
        else turn = multiply(turn, about(axis, value))
      }
      if (joint === 0) rootTranslations.set(place, 3 * frame)
      else if (place.some((value, axis) => Math.abs(value - (offset[axis] as number)) > 0.01))
        return words.fail('bones that keep their lengths', `${quoted(name)} away from its parent in frame ${frame}`, 'MediaUnsupported')
      rotations.set(turn, 4 * (frame * joints.length + joint))
    }
  if (!words.atEnd) return words.fail(`${frames} frames of ${values} numbers`, `more after them`)
  return { frameRate: roundedRate(1 / frameTime), joints, rootTranslations, rotations }
}

/** Files write 0.033333 for thirty frames a second: rates within a thousandth of a whole number are meant to be whole. */
const roundedRate = (rate: number): number =>
  Math.abs(rate - Math.round(rate)) < 1e-3 * rate && Math.round(rate) > 0 ? Math.round(rate) : rate

interface Channel {
  readonly axis: 0 | 1 | 2
  readonly position: boolean
}

function readHierarchy(words: Words, metresPerUnit: number): { joints: Joint[]; channels: Channel[][] } {
  const joints: Joint[] = []
  const channels: Channel[][] = []
  const length = () => words.number('a length') * metresPerUnit
  /** The joints whose braces are open; a stack, since hostile nesting would exhaust a recursion. */
  const open: number[] = []
  const begin = (): void => {
    if (joints.length === mostJoints) words.fail(`at most ${mostJoints} joints`, 'more', 'MediaTooLarge')
    const name = words.next('a name')
    words.expect('{')
    words.expect('OFFSET')
    const offset = [length(), length(), length()] as const
    words.expect('CHANNELS')
    const count = words.whole('a number of channels')
    if (count > 6) words.fail('at most 6 channels', String(count))
    const kinds = Array.from({ length: count }, (): Channel => {
      const word = words.next('a channel')
      const [, axis, kind] = /^([XYZ])(position|rotation)$/i.exec(word) ?? words.fail('a channel such as Xrotation', quoted(word))
      return { axis: axisNames.indexOf((axis as string).toUpperCase() as 'X') as 0 | 1 | 2, position: kind?.toLowerCase() === 'position' }
    })
    joints.push({ name, parent: open.at(-1) ?? -1, offset })
    channels.push(kinds)
    open.push(joints.length - 1)
  }
  words.expect('HIERARCHY')
  words.expect('ROOT')
  begin()
  while (open.length > 0) {
    const word = words.next('JOINT, End Site or }')
    if (word === 'JOINT') begin()
    else if (word === '}') open.pop()
    else if (word === 'End') {
      words.expect('Site')
      words.expect('{')
      words.expect('OFFSET')
      const joint = open.at(-1) as number
      joints[joint] = { ...(joints[joint] as Joint), tip: [length(), length(), length()] }
      words.expect('}')
    } else words.fail('JOINT, End Site or }', quoted(word))
  }
  return { joints, channels }
}

/** Text word by word, without a list of all of them. */
class Words {
  private readonly word = /\S+/g
  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  /** Characters that have not been read. */
  get left(): number {
    return this.text.length - this.word.lastIndex
  }

  get atEnd(): boolean {
    return !/\S/.test(this.text.slice(this.word.lastIndex))
  }

  next(expected: string): string {
    const found = this.word.exec(this.text)
    if (found) return found[0]
    this.word.lastIndex = this.text.length
    return this.fail(expected, 'the end of the file', 'MediaTruncated')
  }

  expect(expected: string): void {
    const found = this.next(`"${expected}"`)
    if (found !== expected) this.fail(`"${expected}"`, quoted(found))
  }

  number(expected: string): number {
    const found = this.next(expected)
    // Not every spelling that JavaScript takes for a number is one: "0x10", "Infinity".
    if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(found)) this.fail(expected, quoted(found))
    return Number(found)
  }

  whole(expected: string): number {
    const found = this.next(expected)
    return /^\d{1,9}$/.test(found) ? Number(found) : this.fail(expected, quoted(found))
  }

  fail(expected: string, found: string, code: MediaError['code'] = 'MediaInvalid'): never {
    const line = this.text.slice(0, this.word.lastIndex).split('\n').length
    throw new MediaError({ code, file: `${printable(this.file)}, line ${line}`, expected, found })
  }
}

/** A turn by some degrees about an axis of the joint. */
function about(axis: 0 | 1 | 2, degrees: number): Quaternion {
  const half = (degrees * Math.PI) / 360
  const sine = Math.sin(half)
  return [axis === 0 ? sine : 0, axis === 1 ? sine : 0, axis === 2 ? sine : 0, Math.cos(half)]
}

/**
 * The three angles in degrees whose turns, in this order, make a rotation. The first is taken off the rotation before the others
 * are read from what is left: where the first axis falls upon the last, the two angles are then still right together.
 */
function eulerAngles(rotation: Quaternion, order: EulerOrder): [number, number, number] {
  const [i, j, k] = [...order].map((axis) => axisNames.indexOf(axis as 'X')) as [number, number, number]
  const sign = (j - i + 3) % 3 === 1 ? 1 : -1 // whether the axes follow each other as x, y, z do
  const m = matrixOf(rotation)
  const at = (row: number, column: number) => m[3 * row + column] as number
  const first = Math.atan2(-sign * at(j, k), at(k, k))
  const [cosine, sine] = [Math.cos(first), sign * Math.sin(first)]
  const middle = Math.atan2(sign * at(i, k), cosine * at(k, k) - sine * at(j, k))
  const last = Math.atan2(sign * (cosine * at(j, i) + sine * at(k, i)), cosine * at(j, j) + sine * at(k, j))
  return [first, middle, last].map((angle) => (angle * 180) / Math.PI) as [number, number, number]
}

/** Row by row, of a quaternion whose length may be off by the rounding of 32-bit numbers. */
function matrixOf(rotation: Quaternion): number[] {
  const length = Math.hypot(...rotation) || 1
  const [x, y, z, w] = rotation.map((value) => value / length) as unknown as Quaternion
  const row = [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)]
  return [
    ...row,
    2 * (x * y + z * w),
    1 - 2 * (x * x + z * z),
    2 * (y * z - x * w),
    2 * (x * z - y * w),
    2 * (y * z + x * w),
    1 - 2 * (x * x + y * y),
  ]
}
