import { describe, expect, it } from 'vitest'
import { inView, project, projectionMatrix, rightOf, towardsViewer, viewMatrix, viewOf } from './camera.js'
import { cross, dot } from './geometry.js'
import type { Camera, Vector } from './scene.js'

const camera: Camera = { azimuth: 0.7, elevation: 0.4, distance: 6, target: [0.2, 0.5, -0.3], fieldOfView: 0.7 }
const size = { width: 90, height: 60 }
const points: readonly Vector[] = [
  [0.2, 0.5, -0.3],
  [1, 0, 0],
  [-0.7, 1.2, 0.4],
]

const apply = (matrix: readonly number[], [x, y, z, w]: readonly number[]): number[] =>
  [0, 1, 2, 3].map((row) => [x, y, z, w].reduce<number>((sum, value, i) => sum + (value as number) * (matrix[4 * i + row] as number), 0))

describe('viewOf()', () => {
  it('looks along -z without a turn, with right-handed axes', () => {
    const { eye, right, up, forward } = viewOf({ ...camera, azimuth: 0, elevation: 0, target: [0, 0, 0] })
    expect(eye[2]).toBeCloseTo(6)
    expect(forward.map((value) => value + 0)).toEqual([0, 0, -1].map((value) => expect.closeTo(value)))
    expect(cross(right, up).map((value) => value + 0)).toEqual([0, 0, 1].map((value) => expect.closeTo(value)))
  })

  it('moves to the right of its target as the azimuth grows', () => {
    expect(viewOf({ ...camera, azimuth: 0.3, target: [0, 0, 0] }).eye[0]).toBeGreaterThan(0)
    expect(dot(rightOf(camera), towardsViewer(camera))).toBeCloseTo(0)
  })
})

describe('project()', () => {
  it('puts the target in the middle at the camera’s distance', () => {
    const { x, y, depth } = project(camera, camera.target, size)
    expect([x, y, depth]).toEqual([expect.closeTo(45), expect.closeTo(30), expect.closeTo(6)])
  })

  it('agrees with the matrices', () => {
    for (const point of points) {
      const clip = apply(projectionMatrix(camera, 1.5), apply(viewMatrix(camera), [...point, 1]))
      const { x, y, depth } = project(camera, point, size)
      expect(((clip[0] as number) / (clip[3] as number) + 1) * 45).toBeCloseTo(x)
      expect((1 - (clip[1] as number) / (clip[3] as number)) * 30).toBeCloseTo(y)
      expect(clip[3]).toBeCloseTo(depth)
      expect(inView(camera, point).depth).toBeCloseTo(depth)
    }
  })

  it('shows the whole field of view from the top edge to the bottom edge', () => {
    const { up } = viewOf(camera)
    const edge = camera.target.map((value, i) => value + Math.tan(0.35) * 6 * (up[i] as number)) as unknown as Vector
    expect(project(camera, edge, size).y).toBeCloseTo(0)
  })
})
