import { describe, expect, test } from 'vitest'
import { axesOf, heights } from '../geometry.js'
import type { SceneObject, Shape } from '../scene.js'
import { gravity, inertia } from './body.js'
import type { Film } from './film.js'
import { gapBetween } from './hull.js'
import { playStory } from './play.js'
import { readyScene } from './ready.js'
import { filmOf, sceneOf, standing } from './stage.fixture.js'
import type { Action } from './story.js'
import { distanceBetween } from './vectors.js'

const objectAt = (film: Film, index: number, time: number) => film.sceneAt(time).objects[index] as SceneObject
const hits = (film: Film) => film.contacts.filter(({ kind }) => kind === 'hit')

describe('a roll', () => {
  const film = filmOf([standing('sphere', -2, 0)], [{ script: 'roll', object: 0, start: 1, duration: 2, direction: 'right', amount: 3 }])

  test('goes as far as it is told, in the time that it is told, and rests before and after', () => {
    expect(objectAt(film, 0, 1).position).toEqual([-2, 0.35, 0])
    expect(objectAt(film, 0, 2).position[0]).toBeCloseTo(-2 + 3 * 0.75, 12) // half the time of an even slowing: three quarters of the way
    expect(objectAt(film, 0, 3).position[0]).toBeCloseTo(1, 12)
    expect(objectAt(film, 0, 8).position[0]).toBeCloseTo(1, 12)
    expect(film.actions).toEqual([{ start: 1, end: 3 }])
  })

  test('does not slip: the lowest point of the ball stands still', () => {
    for (const time of [1.2, 1.7, 2.6]) {
      const [before, after] = [objectAt(film, 0, time - 5e-5), objectAt(film, 0, time + 5e-5)]
      const speed = distanceBetween(before.position, after.position) / 1e-4
      const [ex, ey] = [axesOf(before.rotation)[0], axesOf(after.rotation)[0]]
      const turning = distanceBetween(ex, ey) / 1e-4 // x lies across the axle
      expect(turning * 0.35).toBeCloseTo(speed, 4)
      expect(film.motions[0]?.turningAt(time)).toBeCloseTo(speed / 0.35, 5)
    }
    // Rolling to the right, what was on top comes down on the right.
    expect(axesOf(objectAt(film, 0, 1.1).rotation)[1][0]).toBeGreaterThan(0)
  })

  test.each<Shape>(['cylinder', 'torus'])('of a %s goes on its rim', (shape) => {
    const action: Action = { script: 'roll', object: 0, start: 0, duration: 2, direction: 'right', amount: 2 }
    const wheel = filmOf([standing(shape, -1, 0)], [action])
    for (const time of [0, 0.7, 2]) expect(heights(objectAt(wheel, 0, time)).bottom).toBeCloseTo(0, 9)
    expect(Math.abs(axesOf(objectAt(wheel, 0, 1).rotation)[1][2])).toBeCloseTo(1, 9) // the axle stays across the way
    expect(() => playStory({ scene: sceneOf(standing(shape, 0, 0)), actions: [action], duration: 3 })).toThrow(
      `Cannot play the story at action 0: the ${shape} stands flat. Lay it on its rim`,
    )
  })

  test('of a cylinder goes across its axle, whatever the camera has done since it was laid', () => {
    const actions: Action[] = [
      { script: 'pan', start: 0, duration: 1, direction: 'right', amount: 0.5 },
      { script: 'roll', object: 0, start: 1, duration: 2, direction: 'right', amount: 1 },
    ]
    const readied = filmOf([standing('cylinder', 0, 0)], actions)
    expect(objectAt(readied, 0, 4).position).toEqual([expect.closeTo(Math.cos(0.5), 9), 0.35, expect.closeTo(-Math.sin(0.5), 9)])
    // Laid for the camera before its pan: it keeps to its own way.
    const scene = readyScene(sceneOf(standing('cylinder', 0, 0)), actions.slice(1))
    const early = playStory({ scene, actions, duration: 4 })
    expect(objectAt(early, 0, 4).position).toEqual([expect.closeTo(1, 9), 0.35, expect.closeTo(0, 9)])
    for (const time of [1.5, 2, 3]) expect(heights(objectAt(early, 0, time)).bottom).toBeCloseTo(0, 9)
    const across: Action = { script: 'roll', object: 0, start: 0, duration: 2, direction: 'away', amount: 1 }
    expect(() => playStory({ scene, actions: [across], duration: 4 })).toThrow('at action 0: the cylinder lies along its way')
  })

  test('of a cube goes edge over edge', () => {
    const tumbling = filmOf(
      [standing('cube', 0, 0)],
      [{ script: 'roll', object: 0, start: 0, duration: 1, direction: 'left', amount: 1.5 }],
    )
    const blows = hits(tumbling)
    expect(blows.map(({ position }) => position[0])).toEqual([expect.closeTo(-0.7, 9), expect.closeTo(-1.4, 9)])
    expect(objectAt(tumbling, 0, 8).position).toEqual([expect.closeTo(-1.4, 9), expect.closeTo(0.35, 9), expect.closeTo(0, 9)])
    expect(heights(objectAt(tumbling, 0, (blows[0]?.time as number) / 2)).top).toBeGreaterThan(0.71)
  })
})

describe('a fall', () => {
  const film = filmOf([standing('sphere', 0, 0)], [{ script: 'fall', object: 0, start: 0.5, duration: 1 }])
  const height = heights(objectAt(film, 0, 0)).bottom

  test('takes √(2h/g), and every landing is where the height is zero', () => {
    expect(height).toBeGreaterThan(1)
    expect(hits(film)[0]?.time).toBeCloseTo(0.5 + Math.sqrt((2 * height) / gravity), 12)
    expect(hits(film).length).toBeGreaterThan(4)
    for (const { time, speed } of hits(film)) {
      expect(heights(objectAt(film, 0, time)).bottom).toBeCloseTo(0, 9)
      if (speed > 0.5) expect(heights(objectAt(film, 0, time - 0.01)).bottom).toBeGreaterThan(0)
    }
  })

  test('never gains energy', () => {
    let energy = gravity * height
    for (let time = 0; time < 8; time += 0.003) {
      const [object, motion] = [objectAt(film, 0, time), film.motions.find(({ start, end }) => start <= time && time < end)]
      const speed = motion ? Math.hypot(...motion.velocityAt(time)) : 0
      const now = gravity * heights(object).bottom + speed ** 2 / 2
      expect(now).toBeLessThanOrEqual(energy + 1e-9)
      energy = now
    }
    expect(energy).toBeCloseTo(0, 9)
  })
})

describe('a collision', () => {
  const roll: Action = { script: 'roll', object: 0, start: 0, duration: 2, direction: 'right', amount: 4 }
  /** Momentum to the right and energy just before and after a blow, with what turning adds to the mass. */
  const budget = (film: Film, time: number) =>
    film.motions
      .filter(({ start, end }) => start <= time && time < end)
      .map((motion) => ({ v: motion.velocityAt(time), m: inertia(objectAt(film, motion.object, time)) }))
      .reduce((sum, { v, m }) => ({ momentum: sum.momentum + m * v[0], energy: sum.energy + (m * (v[0] ** 2 + v[2] ** 2)) / 2 }), {
        momentum: 0,
        energy: 0,
      })

  test.each<Shape>(['sphere', 'cube', 'cylinder', 'cone', 'pyramid', 'torus'])(
    'with a %s keeps momentum, loses energy and parts the two',
    (shape) => {
      const film = filmOf([standing('sphere', -2, 0), standing(shape, 0.5, 0.1)], [roll])
      const [blow] = hits(film)
      expect(blow?.objects).toEqual([0, 1])
      const [before, after] = [budget(film, (blow?.time as number) - 1e-9), budget(film, blow?.time as number)]
      expect(after.momentum).toBeCloseTo(before.momentum, 4)
      expect(after.energy).toBeLessThan(before.energy)
      const pushed = objectAt(film, 1, 8).position
      expect(pushed[0]).toBeGreaterThan(0.5)
      for (let time = 0; time < 6; time += 0.01)
        expect(gapBetween(objectAt(film, 0, time), objectAt(film, 1, time)).distance).toBeGreaterThan(0)
    },
  )

  test('happens when two balls are two radii apart', () => {
    const film = filmOf([standing('sphere', -2, 0), standing('sphere', 0.3, 0)], [roll])
    const way = 2.3 - 0.7
    // s = 4·u·(2 − u) with u the share of two seconds
    expect(hits(film)[0]?.time).toBeCloseTo(2 * (1 - Math.sqrt(1 - way / 4)), 3)
  })

  test('goes on from ball to ball', () => {
    const film = filmOf([standing('sphere', -2, 0), standing('sphere', 0, 0), standing('sphere', 1.2, 0)], [roll])
    expect(
      hits(film)
        .slice(0, 2)
        .map(({ objects }) => objects),
    ).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('throws a ball back from what carries another object', () => {
    const base = standing('cube', 0.5, 0, { size: 'large' })
    const film = filmOf([standing('sphere', -2, 0), base, { ...standing('cone', 0.5, 0), position: [0.5, 1.75, 0] }], [roll])
    expect(objectAt(film, 1, 8)).toEqual(base)
    expect(objectAt(film, 0, 8).position[0]).toBeLessThan(-0.6)
  })
})

describe('other scripts', () => {
  test('a topple ends on the side, with a blow where the edge comes down', () => {
    const film = filmOf([standing('cylinder', 0, 0)], [{ script: 'topple', object: 0, start: 0, duration: 1, direction: 'closer' }])
    const [blow] = hits(film)
    expect(objectAt(film, 0, 8).position[2]).toBeCloseTo(0.7, 9)
    expect(axesOf(objectAt(film, 0, 8).rotation)[1][2]).toBeCloseTo(1, 9)
    expect(heights(objectAt(film, 0, blow?.time as number)).bottom).toBeCloseTo(0, 9)
    // Slowest where it stands on its edge: that is the middle of the way, 45°.
    const [motion] = film.motions
    const middle = (blow?.time as number) / 2
    expect(motion?.turningAt(middle)).toBeLessThan((motion?.turningAt(middle - 0.2) as number) - 0.1)
    expect(motion?.turningAt(middle - 0.2)).toBeCloseTo(motion?.turningAt(middle + 0.2) as number, 2)
  })

  test('a jump is a parabola of the height it is told', () => {
    const film = filmOf([standing('cone', 0, 0)], [{ script: 'jump', object: 0, start: 1, duration: 1, amount: 0.8, direction: 'right' }])
    const { start, end } = film.actions[0] as { start: number; end: number }
    expect(heights(objectAt(film, 0, (start + end) / 2)).bottom).toBeCloseTo(0.8, 9)
    expect(objectAt(film, 0, end).position[0]).toBeGreaterThan(0.5)
    expect(hits(film)).toHaveLength(1)
  })

  test('a bounce rolls on after its last landing', () => {
    const film = filmOf(
      [standing('sphere', -2, 0)],
      [{ script: 'bounce', object: 0, start: 0, duration: 1, amount: 0.8, direction: 'right' }],
    )
    expect(film.motions.map(({ kind }) => kind).slice(-2)).toEqual(['fly', 'roll'])
    expect(film.contacts.at(-1)?.kind).toBe('stop')
  })

  test('an orbit keeps its distance and the side that looks at the middle, and a ball rolls along it', () => {
    const actions: Action[] = [{ script: 'orbit', object: 0, other: 1, start: 0, duration: 4, direction: 'right', amount: 1 }]
    const film = filmOf([standing('cube', 0, 2), standing('cone', 0, 0)], actions)
    for (const time of [0, 1, 2.3, 4]) {
      const { position, rotation } = objectAt(film, 0, time)
      expect(Math.hypot(position[0], position[2])).toBeCloseTo(2, 9)
      expect(axesOf(rotation)[2]).toEqual([expect.closeTo(position[0] / 2, 9), 0, expect.closeTo(position[2] / 2, 9)])
    }
    expect(objectAt(film, 0, 1).position[0]).toBeGreaterThan(0) // from the front to the right
    const ball = filmOf([standing('sphere', 0, 2), standing('cone', 0, 0)], actions)
    const before = objectAt(ball, 0, 2 - 1e-5)
    const after = objectAt(ball, 0, 2 + 1e-5)
    const lowest = before.rotation.map((_, i) => axesOf(before.rotation)[i]?.[1] ?? 0) // where the ground is, in the ball's own axes
    const place = ({ position, rotation }: SceneObject): [number, number, number] => {
      const axes = axesOf(rotation)
      return [0, 1, 2].map(
        (k) => (position[k] as number) - 0.35 * axes.reduce((sum, axis, i) => sum + (axis[k] as number) * (lowest[i] as number), 0),
      ) as [number, number, number]
    }
    expect(distanceBetween(place(before), place(after)) / 2e-5).toBeLessThan(1e-3)
    expect(distanceBetween(before.position, after.position) / 2e-5).toBeGreaterThan(2)
  })

  test('a spin turns the front to the right, as often as it is told', () => {
    const film = filmOf([standing('cube', 0, 0)], [{ script: 'spin', object: 0, start: 0, duration: 2, amount: 1, direction: 'right' }])
    expect(axesOf(objectAt(film, 0, 0.1).rotation)[2][0]).toBeGreaterThan(0.3)
    expect(axesOf(objectAt(film, 0, 2).rotation)[2][2]).toBeCloseTo(1, 9)
  })

  test('an appearance keeps the object away before and fades it in', () => {
    const film = filmOf([standing('cube', 0, 0), standing('cone', 1.5, 0)], [{ script: 'appear', object: 0, start: 1, duration: 0.2 }])
    expect(film.presentAt(0.99)).toEqual([1])
    expect(film.sceneAt(0.99).objects.map(({ shape }) => shape)).toEqual(['cone'])
    expect([1.1, 1.2, 5].map((time) => film.presenceAt(0, time))).toEqual([expect.closeTo(0.5, 9), expect.closeTo(1, 9), 1])
  })

  test('a pan moves the camera, and directions are those of the camera then', () => {
    const pan: Action = { script: 'pan', start: 0, duration: 1, direction: 'right', amount: Math.PI / 2 }
    const film = filmOf(
      [standing('cube', 0, 0)],
      [pan, { script: 'slide', object: 0, start: 2, duration: 1, direction: 'right', amount: 1 }],
    )
    expect(film.cameraAt(1).azimuth).toBeCloseTo(Math.PI / 2, 12)
    expect(objectAt(film, 0, 8).position).toEqual([expect.closeTo(0, 9), 0.35, expect.closeTo(-1, 9)])
  })

  test('a slide on snow goes as far as on a floor, but takes longer', () => {
    const action: Action = { script: 'slide', object: 0, start: 0, duration: 1, direction: 'right', amount: 1 }
    const floor = playStory({ scene: sceneOf(standing('cube', 0, 0)), actions: [action], duration: 5 })
    const snow = playStory({ scene: { ...sceneOf(standing('cube', 0, 0)), setting: 'snow' }, actions: [action], duration: 5 })
    expect(objectAt(snow, 0, 5).position[0]).toBeCloseTo(objectAt(floor, 0, 5).position[0], 9)
    expect(snow.actions[0]?.end).toBeGreaterThan((floor.actions[0]?.end as number) * 1.2)
  })
})

describe('playStory()', () => {
  const cube = standing('cube', 0, 0)
  const cases: [string, SceneObject[], Action[]][] = [
    [' at action 0: there is no object 3. The scene has 1 objects', [cube], [{ script: 'jump', object: 3, start: 0, duration: 1 }]],
    [' at action 0: a cube cannot bounce', [cube], [{ script: 'bounce', object: 0, start: 0, duration: 1 }]],
    [" at action 0: it starts at -1 s, outside the film's 8 s", [cube], [{ script: 'jump', object: 0, start: -1, duration: 1 }]],
    [' at action 0: it lasts 0 s', [cube], [{ script: 'spin', object: 0, start: 0, duration: 0 }]],
    [' at action 0: its amount is NaN', [cube], [{ script: 'jump', object: 0, start: 0, duration: 1, amount: Number.NaN }]],
    [' at action 0: it needs a direction', [cube], [{ script: 'slide', object: 0, start: 0, duration: 1 }]],
    [' at action 0: an orbit needs the index of another object', [cube], [{ script: 'orbit', object: 0, start: 0, duration: 1 }]],
    [
      ' at action 1: object 0 still moves at 0.5 s. Let it begin after',
      [cube],
      [
        { script: 'spin', object: 0, start: 0, duration: 1 },
        { script: 'jump', object: 0, start: 0.5, duration: 1 },
      ],
    ],
    [
      ' at action 1: object 0 acts before it appears',
      [cube],
      [
        { script: 'spin', object: 0, start: 0, duration: 1 },
        { script: 'appear', object: 0, start: 3, duration: 1 },
      ],
    ],
    [
      ': the red cube and the red cone would run into each other after',
      [cube, standing('cone', 0.75, 0)],
      [{ script: 'spin', object: 0, start: 0, duration: 1 }],
    ],
    [
      ' at action 0: object 0 does not stand free on the ground',
      [cube, { ...standing('cone', 0, 0), position: [0, 1.05, 0] }],
      [{ script: 'slide', object: 0, start: 0, duration: 1, direction: 'left' }],
    ],
    [
      ' at action 0: object 1 stands where object 0 appears',
      [cube, standing('cone', 0.1, 0)],
      [{ script: 'appear', object: 0, start: 1, duration: 1 }],
    ],
  ]
  test.each(cases)('says "Cannot play the story%s"', (sentence, objects, actions) => {
    expect(() => filmOf(objects, actions)).toThrow(`Cannot play the story${sentence}`)
  })

  test('refuses objects that begin in one place, unless one stands on the other', () => {
    const top = { ...standing('cone', 0, 0), position: [0, 1.05, 0] } as const
    expect(() => filmOf([cube, standing('cone', 0.2, 0)], [])).toThrow('Cannot play the story: objects 0 and 1 overlap at its beginning')
    expect(filmOf([cube, top], []).contacts).toEqual([])
  })

  test('refuses films without an end', () => {
    expect(() => playStory({ scene: sceneOf(cube), actions: [], duration: Number.POSITIVE_INFINITY })).toThrow('between 0 and 600 seconds')
  })
})
