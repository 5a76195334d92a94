import { key } from '../../graph/random/index.js'
import { linear, type Rgb } from '../palette.js'
import { Draw } from '../random.js'
import { type Scene, settings } from '../scene.js'
import { Triple } from './solid.js'

export const STUDIO = settings.indexOf('studio')
export const MEADOW = settings.indexOf('meadow')
export const DESERT = settings.indexOf('desert')
export const SNOW = settings.indexOf('snow')
export const BEACH = settings.indexOf('beach')
export const CITY = settings.indexOf('night city')

/** The light of a time of day; colours are linear and multiply an albedo. */
interface Light {
  /** Radians above the ground, and from the way the camera of azimuth 0 looks, to one side. */
  readonly elevation: number
  readonly side: number
  /** Tangent of half the angle under which the light appears: the softness of shadows. */
  readonly width: number
  readonly sun: Rgb
  readonly ambient: Rgb
  readonly zenith: Rgb
  readonly horizon: Rgb
  /** Around the sun, and low in the sky on its side. */
  readonly glow: Rgb
  readonly clouds: Rgb
  /** Radius of the pool of light, in metres; beyond it the lamp fades. */
  readonly pool: number
}

const day: Light = {
  elevation: 0.86,
  side: 2.15,
  width: 0.055,
  sun: [0.92, 0.87, 0.78],
  ambient: [0.4, 0.45, 0.54],
  zenith: linear('#2f7fd8'),
  horizon: linear('#bfe0f6'),
  glow: [0.25, 0.22, 0.16],
  clouds: [1.05, 1.05, 1.05],
  pool: 1e9,
}
const sunset: Light = {
  elevation: 0.36,
  side: 1.35,
  width: 0.05,
  sun: [1.28, 0.86, 0.52],
  ambient: [0.5, 0.45, 0.52],
  zenith: linear('#4a5a9e'),
  horizon: linear('#ffb27a'),
  glow: [0.75, 0.3, 0.08],
  clouds: [1.05, 0.55, 0.42],
  pool: 1e9,
}
const night: Light = {
  elevation: 0.95,
  side: 2.3,
  width: 0.07,
  sun: [1.12, 1.1, 1.06],
  ambient: [0.2, 0.24, 0.36],
  zenith: linear('#0d1740'),
  horizon: linear('#34488c'),
  glow: [0.05, 0.06, 0.09],
  clouds: [0.05, 0.06, 0.1],
  pool: 4.6,
}
const lights = { day, sunset, night } as const

/** Backdrops that a photographer would hang: quiet, so that every object colour stands out. */
const backdrops = ['#d9d4cb', '#c3d3df', '#c9d6c6', '#e6cfc6', '#d3cbe0', '#e4d9b8', '#b9cfd2'] as const

/** Everything around the objects, as flat numbers for the inner loops. */
export class Environment {
  readonly setting: number
  readonly night: boolean
  readonly sunset: boolean
  /** Cartoons are lit in bands and painted without grain. */
  readonly toon: boolean
  readonly sunX: number
  readonly sunY: number
  readonly sunZ: number
  readonly width: number
  readonly pool: number
  readonly sun: Triple
  readonly ambient: Triple
  /** Light from below: what the lit ground throws back. */
  readonly bounce: Triple
  readonly zenith: Triple
  readonly horizon: Triple
  readonly glow: Triple
  readonly clouds: Triple
  /** Light from the surroundings' left and right side: shop windows of a street, the last of the sky at sunset. */
  readonly left: Triple
  readonly right: Triple
  /** The ground's mean albedo, for bounced light and for what is far away. */
  readonly ground: Triple
  /** Turn of the whole surroundings about the vertical, as cosine and sine. */
  readonly turnX: number
  readonly turnZ: number
  /** Where in their noise this scene's textures lie. */
  readonly shiftX: number
  readonly shiftZ: number
  /** Metres from the middle of the scene to where the ground has become haze. */
  readonly haze: number
  /** How much of the farthest ground the haze takes: all of a studio's, so that it has no edge. */
  readonly fade: number
  readonly seed: number

  constructor(scene: Scene) {
    const draw = new Draw(key(scene.seed)).child('surroundings')
    this.setting = settings.indexOf(scene.setting)
    const city = this.setting === CITY
    const light = city ? night : lights[scene.time]
    const studio = this.setting === STUDIO
    this.night = light === night
    this.sunset = light === sunset
    this.toon = scene.style === 'cartoon'
    const turn = draw.uniform('turn', -0.35, 0.35)
    this.turnX = Math.cos(turn)
    this.turnZ = Math.sin(turn)
    this.shiftX = draw.uniform('shift x', 0, 64)
    this.shiftZ = draw.uniform('shift z', 0, 64)
    this.seed = draw.integer('texture', 0, 0xffff)
    const side = (draw.chance('side', 0.5) ? 1 : -1) * (light.side + draw.uniform('sun side', -0.25, 0.25)) - turn
    const elevation = light.elevation + draw.uniform('sun height', -0.06, 0.08)
    this.sunX = Math.sin(side) * Math.cos(elevation)
    this.sunY = Math.sin(elevation)
    this.sunZ = -Math.cos(side) * Math.cos(elevation)
    this.width = light.width * (studio ? 2.4 : city ? 1.6 : 1)
    this.pool = light.pool
    this.sun = triple(city ? [1.3, 1.2, 1.08] : light.sun)
    this.ambient = triple(light.ambient)
    const backdrop = linear(draw.pick('backdrop', backdrops))
    const ground = groundColour(this.setting, backdrop)
    this.ground = triple(ground)
    this.zenith = triple(studio ? studioZenith(scene.time, backdrop) : light.zenith)
    this.horizon = triple(studio ? studioHorizon(scene.time, backdrop) : light.horizon)
    this.glow = triple(light.glow)
    this.clouds = triple(light.clouds)
    this.left = triple(city ? [0.36, 0.06, 0.22] : [0, 0, 0])
    this.right = triple(city ? [0.04, 0.26, 0.36] : [0, 0, 0])
    this.haze = studio ? 11 : this.setting === BEACH ? 90 : 45
    this.fade = studio
      ? 1
      : this.setting === BEACH
        ? 0.3
        : this.night
          ? 0.6
          : this.setting === MEADOW || this.setting === DESERT
            ? 0.3
            : 0.45
    const back = 0.55
    const lit = (sun: number, ambient: number, albedo: number): number => back * albedo * (sun * this.sunY + ambient)
    this.bounce = new Triple(
      lit(light.sun[0], light.ambient[0], ground[0]),
      lit(light.sun[1], light.ambient[1], ground[1]),
      lit(light.sun[2], light.ambient[2], ground[2]),
    )
  }
}

const triple = ([r, g, b]: Rgb): Triple => new Triple(r, g, b)

function groundColour(setting: number, backdrop: Rgb): Rgb {
  if (setting === STUDIO) return backdrop
  if (setting === MEADOW) return linear('#6f9440')
  if (setting === DESERT) return linear('#d9a866')
  if (setting === SNOW) return linear('#eef2f7')
  if (setting === BEACH) return linear('#e2c999')
  return linear('#64666d')
}

const mixed = (a: Rgb, b: Rgb, share: number): Rgb => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
]
const times = (a: Rgb, by: number): Rgb => [a[0] * by, a[1] * by, a[2] * by]

function studioHorizon(time: Scene['time'], backdrop: Rgb): Rgb {
  if (time === 'day') return times(backdrop, 0.98)
  return time === 'sunset' ? times(mixed(backdrop, linear('#ffb48a'), 0.6), 0.8) : times(mixed(backdrop, linear('#4a63b0'), 0.7), 0.3)
}

function studioZenith(time: Scene['time'], backdrop: Rgb): Rgb {
  if (time === 'day') return times(backdrop, 0.62)
  return time === 'sunset' ? times(mixed(backdrop, linear('#8a5f9c'), 0.7), 0.5) : times(mixed(backdrop, linear('#2a3478'), 0.85), 0.3)
}
