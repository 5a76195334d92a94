import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBvh, encodeBvh, eulerOrders } from './bvh.js'
import { frameCount, jointPositions, type Motion } from './motion.js'
import { decodeText, encodeText } from './text.js'

const quarter = Math.SQRT1_2
/** An arm that points along x and bends at the elbow. */
const arm: Motion = {
  frameRate: 30,
  joints: [
    { name: 'shoulder', parent: -1, offset: [0, 0, 0] },
    { name: 'elbow', parent: 0, offset: [0.3, 0, 0] },
    { name: 'hand', parent: 1, offset: [0.25, 0, 0], tip: [0.1, 0, 0] },
    { name: 'other', parent: 0, offset: [0, -0.5, 0] },
  ],
  rootTranslations: Float32Array.of(0, 1.4, 0, 0.01, 1.4, 0),
  rotations: Float32Array.of(
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    quarter,
    quarter,
    0,
    quarter,
    0,
    quarter,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
  ),
}

const file = (motion: string, channels = '3 Zrotation Xrotation Yrotation') =>
  encodeText(`HIERARCHY
ROOT hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT knee
  {
    OFFSET 0 -40 0
    CHANNELS ${channels}
    End Site
    {
      OFFSET 0 -45 0
    }
  }
}
MOTION
${motion}`)

describe('encodeBvh()', () => {
  it('writes what other programs read: centimetres, degrees, an end for every limb', () => {
    const lines = decodeText(encodeBvh(arm)).split('\n')
    expect(lines.slice(0, 5)).toEqual([
      'HIERARCHY',
      'ROOT shoulder',
      '{',
      '\tOFFSET 0 0 0',
      '\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation',
    ])
    expect(lines).toContain('\t\tOFFSET 30 0 0')
    expect(lines.filter((line) => line.trim() === 'End Site')).toHaveLength(2)
    expect(lines.slice(-5)).toEqual([
      'Frames: 2',
      'Frame Time: 0.0333333333333',
      '0 140 0 0 0 0 0 0 0 0 0 0 0 0 0',
      '1 140 0 90 0 0 0 0 90 0 0 0 0 0 0',
      '',
    ])
  })

  it('refuses joints that stand before their parents, and names with spaces', () => {
    const joints = [arm.joints[0], { name: 'elbow', parent: 2, offset: [0, 0, 0] }, ...arm.joints.slice(2)] as unknown as Motion['joints']
    expect(() => encodeBvh({ ...arm, joints })).toThrow('Cannot write a motion: expected a parent in front of joint "elbow", found 2')
    const spaced = { ...arm, joints: [{ name: 'left arm', parent: -1, offset: [0, 0, 0] }] as const, rotations: new Float32Array(8) }
    expect(() => encodeBvh(spaced)).toThrow('joint names without spaces, which BVH cannot hold, found "left arm"')
    expect(() => encodeBvh({ ...arm, rotations: new Float32Array(8) })).toThrow('expected 2 × 4 × 4 numbers as rotations, found 8 numbers')
    expect(() => encodeBvh({ ...arm, rootTranslations: new Float32Array(4) })).toThrow('three numbers per frame')
  })
})

describe('decodeBvh()', () => {
  it.each(eulerOrders)('gives back the motion that was written in the order %s', (order) => {
    const unitQuaternion = fc
      .tuple(
        ...([0, 1, 2, 3].map(() => fc.double({ min: -1, max: 1, noNaN: true })) as [
          fc.Arbitrary<number>,
          fc.Arbitrary<number>,
          fc.Arbitrary<number>,
          fc.Arbitrary<number>,
        ]),
      )
      .filter((q) => Math.hypot(...q) > 0.1)
      .map((q) => q.map((value) => value / Math.hypot(...q)))
    fc.assert(
      fc.property(fc.array(unitQuaternion, { minLength: 4, maxLength: 4 }), (turns) => {
        const motion = { ...arm, rootTranslations: Float32Array.of(0.1, -2, 3), rotations: Float32Array.from(turns.flat()) }
        const back = decodeBvh(encodeBvh(motion, { order }))
        // A rotation has two quaternions; where the hand ends up tells whether it is the same.
        const [before, after] = [jointPositions(motion, 0), jointPositions(back, 0)]
        for (const [i, value] of before.entries()) expect(after[i]).toBeCloseTo(value, 5)
        for (let joint = 0; joint < 4; joint++) {
          const same = [0, 1, 2, 3].reduce(
            (sum, k) => sum + (motion.rotations[4 * joint + k] as number) * (back.rotations[4 * joint + k] as number),
            0,
          )
          expect(Math.abs(same)).toBeCloseTo(1, 6)
        }
      }),
      {
        numRuns: 40,
        examples: [
          [
            [
              [0, quarter, 0, quarter],
              [quarter, 0, 0, quarter],
              [0, 0, quarter, quarter],
              [0.5, 0.5, 0.5, 0.5],
            ],
          ],
        ],
      },
    )
  })

  it('keeps names, offsets, tips and the frame rate', () => {
    const back = decodeBvh(encodeBvh(arm))
    expect(back.frameRate).toBe(30)
    expect(back.joints.map(({ name, parent }) => [name, parent])).toEqual([
      ['shoulder', -1],
      ['elbow', 0],
      ['hand', 1],
      ['other', 0],
    ])
    expect(back.joints[2]?.tip?.[0]).toBeCloseTo(0.1, 9)
    expect(frameCount(back)).toBe(2)
    // Upper arm up, forearm turned about it: the hand comes to lie behind the elbow.
    expect([...jointPositions(back, 1).subarray(6, 9)].map((value) => Math.round(value * 1e4) / 1e4 || 0)).toEqual([0.01, 1.7, -0.25])
  })

  it('turns in the order in which the channels stand, by hand', () => {
    // First 90° about z, then 90° about the turned x: the shin, which points down, goes to +x and stays there.
    const { rotations, rootTranslations } = decodeBvh(file('Frames: 1\nFrame Time: .008333\n1 2 3 90 90 0 0 0 0'))
    expect([...rotations.slice(0, 4)].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0.5, 0.5, 0.5, 0.5])
    expect([...rootTranslations]).toEqual([0.01, 0.02, 0.03].map(Math.fround))
    expect(decodeBvh(file('Frames: 0\nFrame Time: .008333\n')).frameRate).toBe(120)
  })

  it('takes other units, and joints that repeat their offsets as positions', () => {
    const six = '6 Xposition Yposition Zposition Zrotation Xrotation Yrotation'
    const still = decodeBvh(file('Frames: 1\nFrame Time: 0.1\n0 0 0 0 0 0 0 -40 0 0 0 0', six), { metresPerUnit: 1 })
    expect(still.joints[1]?.offset).toEqual([0, -40, 0])
    expect(() => decodeBvh(file('Frames: 1\nFrame Time: 0.1\n0 0 0 0 0 0 0 -50 0 0 0 0', six))).toThrow(
      'expected bones that keep their lengths, found "knee" away from its parent in frame 0',
    )
  })

  it.each([
    ['too few values', file('Frames: 2\nFrame Time: 0.1\n1 2 3 4 5 6 7 8 9'), 'expected 2 frames of 9 numbers', 'MediaTruncated'],
    ['too many values', file('Frames: 1\nFrame Time: 0.1\n1 2 3 4 5 6 7 8 9 10'), 'found more after them', 'MediaInvalid'],
    ['frames without end', file('Frames: 99999999\nFrame Time: 0.00001\n1'), 'bytes when decoded', 'MediaTooLarge'],
    ['a bomb of frames', file('Frames: 99999\nFrame Time: 0.00001\n1'), 'content of at most 100 times', 'MediaTooLarge'],
    ['hours without end', file('Frames: 99999999\nFrame Time: 1\n1'), 'at most 7,200 seconds', 'MediaTooLarge'],
    [
      'a number that is none',
      file('Frames: 1\nFrame Time: 0.1\n1 2 3 NaN 5 6 7 8 9'),
      'line 19: expected a value of "hips" in frame 0, found "NaN"',
      'MediaInvalid',
    ],
    ['time that stands still', file('Frames: 1\nFrame Time: 0\n1 2 3 4 5 6 7 8 9'), 'a frame time above 0', 'MediaInvalid'],
    [
      'a channel of its own',
      file('Frames: 0\nFrame Time: 1', '1 Wrotation'),
      'expected a channel such as Xrotation, found "Wrotation"',
      'MediaInvalid',
    ],
    ['a hundred channels', file('Frames: 0\nFrame Time: 1', '100 Xrotation'), 'at most 6 channels', 'MediaInvalid'],
    ['nothing', encodeText(''), 'expected "HIERARCHY", found the end of the file', 'MediaTruncated'],
    ['something else', encodeText('<html>'), 'expected "HIERARCHY", found "<html>"', 'MediaInvalid'],
    ['an open brace', encodeText('HIERARCHY ROOT a { OFFSET 0 0 0 CHANNELS 0'), 'the end of the file', 'MediaTruncated'],
  ])('refuses %s', (_, bytes, sentence, code) => {
    expect(() => decodeBvh(bytes)).toThrow(sentence)
    expect(() => decodeBvh(bytes)).toThrow(expect.objectContaining({ name: 'MediaError', code }))
  })

  it('refuses a million joints, deep or side by side, without exhausting the stack', () => {
    const joint = 'JOINT a { OFFSET 0 0 0 CHANNELS 0 '
    const head = 'HIERARCHY ROOT a { OFFSET 0 0 0 CHANNELS 0 '
    for (const text of [head + joint.repeat(1e6), head + `${joint}} `.repeat(1e6)])
      expect(() => decodeBvh(encodeText(text))).toThrow(expect.objectContaining({ code: 'MediaTooLarge' }))
  })
})
