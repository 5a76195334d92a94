import type { System, SystemId } from '../contract/index.js'

/** Gives the module of a system when it is first wanted, so that a face which lists systems loads no model code. */
export type LoadSystem = () => Promise<System>

/** The systems that are built: one line each. A card's state follows from this list, so that it cannot claim more than the code. */
export const builtSystems: { readonly [Id in SystemId]?: LoadSystem } = {
  'stable-diffusion': async () => (await import('../systems/text-to-image/stable-diffusion/system.js')).stableDiffusion,
  chatgpt: async () => (await import('../systems/text-to-text/chatgpt/system.js')).chatgpt,
}
