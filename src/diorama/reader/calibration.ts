import { GeneraError } from '../../graph/index.js'

/** Turns what the network says of itself into how often it is right: σ(scale · logit(said) + shift) (Platt 1999). */
export interface Calibration {
  readonly scale: number
  readonly shift: number
}

export const logit = (probability: number): number => {
  const inside = Math.min(1 - 1e-6, Math.max(1e-6, probability))
  return Math.log(inside / (1 - inside))
}

export const calibrated = (said: number, { scale, shift }: Calibration): number => 1 / (1 + Math.exp(-(scale * logit(said) + shift)))

/** Logistic regression with two parameters by Newton's method. */
export function fitCalibration(said: readonly number[], right: readonly boolean[]): Calibration {
  if (!right.includes(true) || !right.includes(false))
    throw new GeneraError('calibration', `Cannot calibrate on ${right.length} objects that are all ${right[0] ? 'right' : 'wrong'}`)
  let [scale, shift] = [1, 0]
  for (let iteration = 0; iteration < 30; iteration++) {
    let [gs, gt, ss, st, tt] = [0, 0, 1e-9, 0, 1e-9] // gradient and Hessian, held away from singular
    said.forEach((value, i) => {
      const x = logit(value)
      const p = 1 / (1 + Math.exp(-(scale * x + shift)))
      const error = p - (right[i] ? 1 : 0)
      const weight = p * (1 - p)
      gs += error * x
      gt += error
      ss += weight * x * x
      st += weight * x
      tt += weight
    })
    const determinant = ss * tt - st * st
    scale -= (tt * gs - st * gt) / determinant
    shift -= (ss * gt - st * gs) / determinant
  }
  return { scale, shift }
}

/** As it travels in a checkpoint's metadata. */
export const calibrationText = ({ scale, shift }: Calibration): string => `${scale} ${shift}`

export function parseCalibration(text: string | undefined): Calibration | undefined {
  if (text === undefined) return undefined
  const [scale, shift, ...rest] = text.split(' ').map(Number)
  if (rest.length === 0 && Number.isFinite(scale) && Number.isFinite(shift)) return { scale: scale as number, shift: shift as number }
  throw new GeneraError('calibration', `Cannot read the calibration "${text.slice(0, 40)}": expected two numbers`)
}
