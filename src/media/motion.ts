import { quoted } from '../weights/checkpoint-error.js'
import { MediaError } from './media-error.js'

/** A bone's upper end: where it hangs in the skeleton, in the rest pose. */
export interface Joint {
  readonly name: string
  /** Index of the joint that it hangs from; it stands earlier in the list. The root, which is the first joint, has -1. */
  readonly parent: number
  /** From the parent joint, in metres and in the parent's axes. */
  readonly offset: readonly [x: number, y: number, z: number]
  /** Where the last bone of a limb ends, from this joint; joints with children have none. */
  readonly tip?: readonly [x: number, y: number, z: number]
}

/** How a skeleton moves. Metres; right-handed axes with y up; one frame after another at an even rate. */
export interface Motion {
  /** Frames per second. */
  readonly frameRate: number
  readonly joints: readonly Joint[]
  /** Where the root joint is: x, y, z per frame. */
  readonly rootTranslations: Float32Array
  /** Unit quaternions x, y, z, w from the parent's axes: [frames, joints, 4]. */
  readonly rotations: Float32Array
}

/** More joints than any skeleton has, fingers and faces included. */
export const mostJoints = 1024

export const frameCount = (motion: Pick<Motion, 'rootTranslations'>): number => motion.rootTranslations.length / 3

/** Where every joint is in one frame, in metres: [joints, 3]. */
export function jointPositions(motion: Motion, frame: number): Float32Array {
  const { joints, rotations, rootTranslations } = motion
  const positions = new Float32Array(3 * joints.length)
  const turns: Quaternion[] = []
  for (const [index, { parent, offset }] of joints.entries()) {
    const own = [
      ...rotations.subarray(4 * (frame * joints.length + index), 4 * (frame * joints.length + index) + 4),
    ] as unknown as Quaternion
    if (parent < 0) {
      positions.set(rootTranslations.subarray(3 * frame, 3 * frame + 3), 3 * index)
      turns.push(own)
      continue
    }
    const turn = turns[parent] as Quaternion
    const arm = rotate(turn, offset)
    for (let axis = 0; axis < 3; axis++) positions[3 * index + axis] = (positions[3 * parent + axis] as number) + (arm[axis] as number)
    turns.push(multiply(turn, own))
  }
  return positions
}

/** A rotation as a unit quaternion. */
export type Quaternion = readonly [x: number, y: number, z: number, w: number]

/** The rotation that turns by `b` first and then by `a`. */
export const multiply = (a: Quaternion, b: Quaternion): Quaternion => [
  a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1],
  a[3] * b[1] + a[1] * b[3] + a[2] * b[0] - a[0] * b[2],
  a[3] * b[2] + a[2] * b[3] + a[0] * b[1] - a[1] * b[0],
  a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2],
]

function rotate([x, y, z, w]: Quaternion, [a, b, c]: readonly [number, number, number]): [number, number, number] {
  const [tx, ty, tz] = [2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)]
  return [a + w * tx + y * tz - z * ty, b + w * ty + z * tx - x * tz, c + w * tz + x * ty - y * tx]
}

/** Throws if a motion's parts contradict each other. */
export function assertMotion({ joints, rotations, rootTranslations, frameRate }: Motion): void {
  const fail = (expected: string, found: string): never => {
    throw new MediaError({ code: 'MediaInvalid', action: 'write', file: 'a motion', expected, found })
  }
  const frames = rootTranslations.length / 3
  if (!(frameRate > 0 && frameRate < Infinity)) fail('a frame rate above 0', String(frameRate))
  if (joints.length === 0 || joints.length > mostJoints) fail(`from 1 to ${mostJoints} joints`, String(joints.length))
  if (!Number.isInteger(frames)) fail('three numbers per frame as root translations', `${rootTranslations.length} numbers`)
  if (rotations.length !== frames * joints.length * 4)
    fail(`${frames} × ${joints.length} × 4 numbers as rotations`, `${rotations.length} numbers`)
  for (const [index, { parent, name }] of joints.entries()) {
    if (index === 0 ? parent !== -1 : !(Number.isInteger(parent) && parent >= 0 && parent < index))
      fail(index === 0 ? 'the root as first joint, with parent -1' : `a parent in front of joint ${quoted(name)}`, String(parent))
  }
}
