import { describe, expect, test } from 'vitest'
import { tinyCheckpoint } from '../../../../tests/support/tiny-stable-diffusion.js'
import { openCheckpoint } from '../../../weights/index.js'

describe('writeStableDiffusion()', () => {
  test('keeps matrices and kernels in 8 bits, and in half precision what reads a network’s input or makes its output', async () => {
    const file = await openCheckpoint(await tinyCheckpoint())
    const storage = (name: string) => file.info(name).storage
    for (const name of ['unet.mid_block.resnets.0.conv1.weight', 'vae.decoder.mid_block.resnets.0.conv1.weight'])
      expect([name, storage(name)]).toEqual([name, 'I8'])
    for (const name of [
      'unet.conv_in.weight',
      'unet.conv_out.weight',
      'vae.decoder.conv_out.weight',
      'unet.mid_block.resnets.0.conv1.bias',
    ])
      expect([name, storage(name)]).toEqual([name, 'F16'])
  })
})
