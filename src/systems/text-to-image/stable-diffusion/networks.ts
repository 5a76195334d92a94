import { autoencoderKL, clipText, guidanceEmbedding, unet } from '../../../backbones/index.js'
import { guide, rescaleGuidance } from '../../../generative/index.js'
import { compile, concat, type Runtime, type Tensor } from '../../../graph/index.js'
import type { Scope } from '../../../nn/index.js'
import type { StableDiffusionModel } from './model.js'
import type { PictureSize } from './picture.js'
import type { ReadText } from './prompt.js'
import { RecentlyUsed, type Use } from './recently-used.js'

const { decode, encode, fromLatents, toLatents } = autoencoderKL

export interface DenoiserInputs<T = Tensor> {
  /** [1, latent channels, height, width]. */
  readonly sample: T
  /** [1]. */
  readonly time: T
  /** States of the prompt [1, tokens, width]; before them those of the negative prompt [2, tokens, width] where there is guidance. */
  readonly context: T
  /** For inpainting models: [1, 1 + latent channels, height, width], the mask and the masked picture. */
  readonly masked?: T
  /** What XL reads beside the states: the texts as a whole and the sizes, as many as there are texts. */
  readonly pooled?: T
  readonly numbers?: T
  /** [1]: the guidance scale that a model distilled for few steps is told. */
  readonly told?: T
  /** Scalars. */
  readonly guidance?: { readonly scale: T; readonly rescale?: T }
}

/** Programs hold the weights, and there is one for each size of pictures. */
const keptSizes = 3
/** Sides of the pictures in px from which on a model's parts hold so much memory, beside its U-Net, that it is worth to make them anew for each use. */
const largePictures = 512

/**
 * The networks as programs. Each is compiled when it is first called, and kept for the sizes of pictures that were made last. All of them work on
 * one picture at a time: so a picture is the same, to the bit, whatever else is made with it. On two cores four at a time are no faster.
 */
export function compileNetworks({ name, scopes, size }: Pick<StableDiffusionModel, 'name' | 'scopes' | 'size'>, runtime: Runtime) {
  const large = size.native >= largePictures
  const options = (network: string) => ({ runtime, label: `the ${network} of ${name}`, planMemory: !large })

  /** Tokens [1, context] to states [1, context, width] and, where the U-Net reads it, the text as a whole. */
  function encodeText({ tokens, second }: { tokens: Tensor; second?: Tensor }): ReadText<Tensor> {
    const first = clipText(scopes.text_encoder, tokens, size.text, size.states)
    const other = size.second && second && clipText(scopes.text_encoder_2 as Scope, second, size.second, size.states)
    const pooled = size.unet.added && (other ?? first).embedding
    return { states: other ? concat([first.states, other.states], 2) : first.states, ...(pooled && { pooled }) }
  }

  /** What the model predicts, guided: the passes with and without the words are one batch of two. */
  function predict({ sample, time, context, masked, pooled, numbers, told, guidance }: DenoiserInputs): Tensor {
    const twice = (x: Tensor): Tensor => (guidance ? concat([x, x], 0) : x)
    const inputs = masked ? concat([sample, masked], 1) : sample
    const embedded = told && size.unet.guidance ? guidanceEmbedding(told, size.unet.guidance) : undefined
    const predicted = unet(
      scopes.unet,
      { sample: twice(inputs), time: twice(time), context, pooled, numbers, guidance: embedded },
      size.unet,
    )
    if (!guidance) return predicted
    const [unwanted, wanted] = predicted.split(2, 0) as [Tensor, Tensor]
    const guided = guide(unwanted, wanted, guidance.scale)
    return guidance.rescale ? rescaleGuidance(guided, wanted, guidance.rescale) : guided
  }

  /** Pixels [1, 3, height, width] to latents, drawn with noise of their shape. */
  const encodePicture = (pixels: Tensor, noise: Tensor): Tensor =>
    toLatents(encode(scopes.vae, pixels, size.autoencoder), size.autoencoder, noise)

  /** Latents to pixels [1, 3, height, width]. */
  const decodePicture = (latents: Tensor): Tensor => decode(scopes.vae, fromLatents(latents, size.autoencoder), size.autoencoder)

  const readText = releasedWhenIdle(() => compile(encodeText, options('text encoder')), large)
  const sized = () => ({
    predict: compile(predict, options('U-Net')),
    encodePicture: releasedWhenIdle(() => compile(encodePicture, options('autoencoder')), large),
    decodePicture: releasedWhenIdle(() => compile(decodePicture, options('autoencoder')), large),
  })
  const kept = new RecentlyUsed<ReturnType<typeof sized>>(keptSizes, async (programs) => {
    for (const program of Object.values(programs)) await program.dispose()
  })
  return {
    readText,
    /** The networks that read and make pictures of a size, until they are released. */
    ofSize: ({ width, height }: PictureSize): Use<ReturnType<typeof sized>> => kept.take(`${width} × ${height}`, sized),
    async dispose() {
      await readText.dispose()
      await kept.clear()
    },
  }
}

interface Disposable {
  (...args: never[]): Promise<unknown>
  dispose(): Promise<void>
}

/** A program that gives its memory back when nobody calls it any more; `hold` keeps it for a task that calls it several times. */
function releasedWhenIdle<Program extends Disposable>(make: () => Program, idle: boolean) {
  const programs = new RecentlyUsed<Program>(idle ? 0 : 1, (program) => program.dispose())
  async function hold<T>(task: (program: Program) => Promise<T>): Promise<T> {
    const { value, release } = programs.take('the only one', make)
    try {
      return await task(value)
    } finally {
      await release()
    }
  }
  const call = (...args: Parameters<Program>) => hold((program) => program(...args)) as ReturnType<Program>
  return Object.assign(call, { hold, dispose: () => programs.clear() })
}

export type Networks = ReturnType<typeof compileNetworks>
export type SizedNetworks = ReturnType<Networks['ofSize']>['value']
