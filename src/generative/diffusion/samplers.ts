import { GeneraError } from '../../graph/index.js'
import { ddim, ddpm } from './ddim.js'
import { dpmSolver, dpmSolverSde, uniPc } from './dpm-solver.js'
import { type EulerOptions, euler, eulerAncestral, heun, lms } from './euler.js'
import { lcm } from './lcm.js'
import { pndm } from './pndm.js'
import type { Sampler, SamplerOptions } from './sampler.js'

const karras =
  (make: (options: EulerOptions) => Sampler) =>
  (options: SamplerOptions): Sampler =>
    make({ ...options, karras: true })

/** Every sampler by the name that users choose it by. */
export const samplers = {
  ddim,
  ddpm,
  pndm,
  lcm,
  euler,
  'euler-karras': karras(euler),
  'euler-ancestral': eulerAncestral,
  heun,
  'heun-karras': karras(heun),
  lms,
  'lms-karras': karras(lms),
  'dpm++-2m': dpmSolver,
  'dpm++-2m-karras': karras(dpmSolver),
  'dpm++-2m-sde': dpmSolverSde,
  'dpm++-2m-sde-karras': karras(dpmSolverSde),
  unipc: uniPc,
  'unipc-karras': karras(uniPc),
} as const satisfies Record<string, (options: SamplerOptions) => Sampler>

export type SamplerName = keyof typeof samplers

/** The sampler of this name. */
export function samplerNamed(name: string, options: SamplerOptions): Sampler {
  if (!Object.hasOwn(samplers, name))
    throw new GeneraError('diffusion-sampler', `Cannot find a sampler "${name}"`, `Samplers are ${Object.keys(samplers).join(', ')}`)
  return samplers[name as SamplerName](options)
}
