import { describe, expect, test } from 'vitest'
import { gravity } from './body.js'
import { bounces, bouncingTime, speedForHeight } from './flights.js'
import { sceneOf, standing } from './stage.fixture.js'

const ball = standing('sphere', 0, 0)
const stage = { scene: sceneOf(ball), index: 0, object: ball, start: 2 }

describe('bounces()', () => {
  test('reaches the height that its speed was asked for, and less by e² after each landing', () => {
    const { motions } = bounces(stage, [0, speedForHeight(1), 0], 0.7)
    const tops = motions.map(({ poseAt, start, end }) => poseAt((start + end) / 2).position[1] - 0.35)
    for (const [n, top] of tops.entries()) expect(top).toBeCloseTo(0.49 ** n, 9)
  })

  test('takes as long as bouncingTime() says', () => {
    for (const back of [0, 0.3, 0.72]) {
      const { motions } = bounces(stage, [1, 4, 0], back)
      expect((motions.at(-1)?.end as number) - 2).toBeCloseTo(bouncingTime(4, back), 9)
    }
    expect(bouncingTime(4, 0)).toBeCloseTo(8 / gravity, 12)
  })

  test('keeps its way along the ground, and rolls in the air as if it touched it', () => {
    const { motions } = bounces(stage, [1, 4, 0], 0.5)
    const { start, end, poseAt } = motions[0] as (typeof motions)[0]
    expect(poseAt(end).position[0]).toBeCloseTo(end - start, 9)
    expect(2 * Math.acos(poseAt(start + 0.35).rotation[3])).toBeCloseTo(1, 9) // one radius, one radian
  })
})
