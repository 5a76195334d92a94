import { type Key, key, normal } from '../../graph/index.js'
import type { Image } from '../../media/image.js'
import { blur, planesOf } from './augment.js'
import type { Example } from './train.js'

/** The pictures as a weak generator might have made them: blurred, or with noise of this deviation (of 255). */
export function degraded(examples: readonly Example[], change: { blur: number } | { noise: number }, seed = 0): Example[] {
  const root = key(seed).child('degraded')
  return examples.map(({ image, reading }, i) => ({ image: changed(image, change, root.child(i)), reading }))
}

function changed(image: Image, change: { blur: number } | { noise: number }, key: Key): Image {
  const { width, height } = image
  let planes = planesOf(image)
  if ('blur' in change) for (let left = change.blur; left > 0; left--) planes = blur(planes, width, Math.min(1, left))
  else {
    const noise = normal(key, [planes.length], { std: change.noise / 127.5 }).data
    planes = planes.map((value, i) => value + (noise[i] as number))
  }
  const area = width * height
  const data = new Uint8Array(3 * area)
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.max(0, Math.min(255, Math.round(((planes[c * area + i] as number) + 1) * 127.5)))
  return { width, height, channels: 3, data }
}
