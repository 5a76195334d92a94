/** The learning rate at a step, counted from 0: a pure function, so a resumed run continues where it stood. */
export type Schedule = (step: number) => number

export const constant =
  (rate: number): Schedule =>
  () =>
    rate

/** A straight rise from 0 to the rate of `after` over the first `steps` steps. */
export const warmUp =
  (steps: number, after: Schedule): Schedule =>
  (step) =>
    after(step) * Math.min(1, (step + 1) / Math.max(1, steps))

/** Half a cosine from `rate` down to `floor` at the last step (Loshchilov & Hutter 2017). */
export const cosine =
  (rate: number, steps: number, floor = 0): Schedule =>
  (step) =>
    floor + (rate - floor) * 0.5 * (1 + Math.cos((Math.PI * Math.min(step, steps)) / Math.max(1, steps)))

/** A straight line from `rate` to `floor`. */
export const linear =
  (rate: number, steps: number, floor = 0): Schedule =>
  (step) =>
    rate + (floor - rate) * Math.min(1, step / Math.max(1, steps))

/** Constant, then a linear fall to zero over the last `decay` steps (Hägele et al. 2024): a run can be prolonged before it falls. */
export const trapezoid =
  (rate: number, steps: number, decay: number): Schedule =>
  (step) =>
    rate * Math.min(1, Math.max(0, (steps - step) / Math.max(1, decay)))

/** rate / √(step / steps) after a linear warm-up (Vaswani et al. 2017). */
export const inverseSquareRoot =
  (rate: number, steps: number): Schedule =>
  (step) =>
    rate * Math.min((step + 1) / steps, Math.sqrt(steps / (step + 1)))
