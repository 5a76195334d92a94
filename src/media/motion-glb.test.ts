import { WebIO } from '@gltf-transform/core'
import { expect, it } from 'vitest'
import { readDocumentProvenance } from './document-tags.js'
import { decodeGlb } from './glb.js'
import { meshBounds } from './mesh.js'
import type { Motion } from './motion.js'
import { encodeMotionGlb } from './motion-glb.js'

const quarter = Math.SQRT1_2
const arm: Motion = {
  frameRate: 10,
  joints: [
    { name: 'shoulder', parent: -1, offset: [0, 0, 0] },
    { name: 'elbow', parent: 0, offset: [0.3, 0, 0], tip: [0, 0.25, 0] },
  ],
  rootTranslations: Float32Array.of(0, 1, 0, 0, 2, 0),
  rotations: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, quarter, quarter, 0, quarter, 0, quarter),
}

it('encodeMotionGlb() writes the skeleton as nodes and every joint as a channel of one animation', async () => {
  const document = await new WebIO().readBinary(await encodeMotionGlb(arm))
  const [animation] = document.getRoot().listAnimations()
  const channels = animation?.listChannels().map((channel) => {
    const output = channel.getSampler()?.getOutput()?.getArray()
    return [channel.getTargetNode()?.getName(), channel.getTargetPath(), [...(output ?? [])]]
  })
  const turned = Math.fround(quarter)
  expect(channels).toEqual([
    ['shoulder', 'rotation', [0, 0, 0, 1, 0, 0, turned, turned]],
    ['elbow', 'rotation', [0, 0, 0, 1, 0, turned, 0, turned]],
    ['shoulder', 'translation', [0, 1, 0, 0, 2, 0]],
  ])
  expect([...(animation?.listSamplers()[0]?.getInput()?.getArray() ?? [])]).toEqual([0, Math.fround(0.1)])
})

it('encodeMotionGlb() gives every bone a body that reaches from joint to joint', async () => {
  const { parts } = await decodeGlb(await encodeMotionGlb(arm))
  expect(parts.map(({ name }) => name).sort()).toEqual(['elbow to its tip', 'shoulder to elbow'])
  const { minimum, maximum } = meshBounds({ parts })
  expect([minimum[0], maximum[1]]).toEqual([0, 0.25])
  for (const { positions, normals } of parts) {
    // Flat sides that look outwards: no normal points at the middle of the bone.
    const middle = [0, 1, 2].map(
      (axis) => positions.reduce((sum, value, i) => (i % 3 === axis ? sum + value : sum), 0) / (positions.length / 3),
    )
    for (let i = 0; i < positions.length; i += 3)
      expect(
        [0, 1, 2].reduce((sum, k) => sum + ((positions[i + k] as number) - (middle[k] as number)) * (normals?.[i + k] as number), 0),
      ).toBeGreaterThan(0)
  }
})

it('encodeMotionGlb() gives the same bytes every time, and says how the motion was made', async () => {
  const provenance = { generator: 'genera', version: '0.1.0', system: 'diorama', options: {}, seed: 1 } as const
  const bytes = await encodeMotionGlb(arm, { provenance })
  expect(await encodeMotionGlb(arm, { provenance })).toEqual(bytes)
  expect(await readDocumentProvenance(bytes)).toEqual(provenance)
})

it('encodeMotionGlb() refuses a motion without frames or with parts that do not fit', async () => {
  const none = { ...arm, rootTranslations: new Float32Array(0), rotations: new Float32Array(0) }
  await expect(encodeMotionGlb(none)).rejects.toThrow('Cannot write a motion: expected a frame, found none')
  await expect(encodeMotionGlb({ ...arm, rotations: new Float32Array(3) })).rejects.toThrow('2 × 2 × 4 numbers as rotations')
})
