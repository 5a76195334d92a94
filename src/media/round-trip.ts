import type { Image } from './image.js'
import { decodeAnimation, decodeImage, encodeAnimation, encodeImage } from './images.js'

/** Mean distance of two pictures' samples, from 0 to 255. They must be of one size and one number of channels. */
export function meanAbsoluteError(a: Image, b: Image): number {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels)
    throw new RangeError(
      `Cannot compare a picture of ${a.width} × ${a.height} × ${a.channels} with one of ${b.width} × ${b.height} × ${b.channels}`,
    )
  let sum = 0
  for (let i = 0; i < a.data.length; i++) sum += Math.abs((a.data[i] as number) - (b.data[i] as number))
  return sum / a.data.length
}

/** What each format changes in an opaque picture by encoding and decoding it once, as the mean absolute error of its samples. */
export async function imageRoundTripErrors(image: Image): Promise<Record<'png' | 'jpeg' | 'webp' | 'gif', number>> {
  const error = async (format: 'png' | 'jpeg' | 'webp') => meanAbsoluteError(image, await decodeImage(await encodeImage(image, { format })))
  const gif = await decodeAnimation(await encodeAnimation([image], { format: 'gif', frameRate: 1 }))
  return {
    png: await error('png'),
    jpeg: await error('jpeg'),
    webp: await error('webp'),
    gif: meanAbsoluteError(image, gif.frames[0] as Image),
  }
}
