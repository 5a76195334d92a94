import type { Colour } from './scene.js'

/** Red, green and blue in [0, 1]. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** What each colour word looks like under white light, as sRGB; far enough apart to be told from each other in any light of the world. */
export const palette: Readonly<Record<Colour, string>> = {
  red: '#d81e22',
  orange: '#f87d08',
  yellow: '#fad51a',
  green: '#239a3c',
  cyan: '#1cc4d4',
  blue: '#1650e0',
  purple: '#8427b8',
  pink: '#f878b4',
  white: '#f1f0ec',
  black: '#17171a',
}

/** sRGB to linear light, for one channel in [0, 1]. */
export const toLinear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)

/** Linear light to sRGB, for one channel in [0, 1]. */
export const toSrgb = (value: number): number => (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055)

/** "#rrggbb" as linear light. */
export function linear(hex: string): Rgb {
  const channel = (at: number): number => toLinear(Number.parseInt(hex.slice(at, at + 2), 16) / 255)
  return [channel(1), channel(3), channel(5)]
}

/** A colour word as linear light: the diffuse albedo of a matte object, the reflectance of a metal one, the tint of a glass one. */
export const albedo: Readonly<Record<Colour, Rgb>> = {
  red: linear(palette.red),
  orange: linear(palette.orange),
  yellow: linear(palette.yellow),
  green: linear(palette.green),
  cyan: linear(palette.cyan),
  blue: linear(palette.blue),
  purple: linear(palette.purple),
  pink: linear(palette.pink),
  white: linear(palette.white),
  black: linear(palette.black),
}

/** Colours that a dark decal is read on; the others carry a white one. */
export const lightColours: ReadonlySet<Colour> = new Set<Colour>(['yellow', 'cyan', 'pink', 'white', 'orange'])
