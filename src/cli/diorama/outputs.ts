import { contactSheet } from '../../diorama/contact-sheet.js'
import { scenePictures } from '../../diorama/dataset.js'
import { captionOf } from '../../diorama/language/caption.js'
import { sceneMesh } from '../../diorama/mesh.js'
import { renderScene } from '../../diorama/render/render-scene.js'
import type { Scene } from '../../diorama/scene.js'
import { truthOf } from '../../diorama/truth.js'
import { key } from '../../graph/random/index.js'
import { encodeGlb } from '../../media/glb.js'
import type { Image } from '../../media/image.js'
import { encodeImage } from '../../media/images.js'
import type { Provenance } from '../../media/provenance.js'
import { progress, type Terminal } from '../terminal.js'
import { type SceneRequest, sceneOf } from './request.js'

export interface OutputRequest extends SceneRequest {
  /** From 1 to 100, where the format knows it. */
  readonly quality?: number
  /** Scenes side by side, and how many in a row. */
  readonly sheet?: number
  readonly columns?: number
  readonly provenance: Provenance
}

/** What can be made, by the ending of the file. */
export interface Output {
  /** Whether it may be shown on a terminal. */
  readonly text: boolean
  /** Whether it holds a picture, which a sheet needs. */
  readonly picture: boolean
  make(request: OutputRequest, terminal: Terminal): Promise<Uint8Array>
}

const picture = (format: 'png' | 'jpeg' | 'webp'): Output => ({
  text: false,
  picture: true,
  async make(request, terminal) {
    const { provenance, quality } = request
    return encodeImage(await pictureOf(request, terminal), { format, provenance, ...(quality !== undefined && { quality }) })
  },
})

const text = (write: (request: OutputRequest) => string): Output => ({
  text: true,
  picture: false,
  make: async (request) => new TextEncoder().encode(`${write(request)}\n`),
})

export const outputs: Readonly<Record<string, Output>> = {
  png: picture('png'),
  jpg: picture('jpeg'),
  jpeg: picture('jpeg'),
  webp: picture('webp'),
  glb: { text: false, picture: false, make: async (request) => encodeGlb(sceneMesh(sceneOf(request)), { provenance: request.provenance }) },
  json: text((request) => {
    const scene = sceneOf(request)
    const truth = truthOf(scene, { width: request.size, height: request.size })
    return JSON.stringify({ caption: sentenceOf(scene, request.seed), ...truth, provenance: request.provenance }, undefined, 2)
  }),
  txt: text((request) => sentenceOf(sceneOf(request), request.seed)),
}

/** A true sentence about a scene; the same seed says the same. */
export const sentenceOf = (scene: Scene, seed: number): string => captionOf(scene, key(seed).child('caption'), { length: 'medium' }).text

/** One scene is rendered here; the scenes of a sheet, those of the seeds that follow, in worker threads. */
async function pictureOf(request: OutputRequest, terminal: Terminal): Promise<Image> {
  const { sheet, columns, seed, size } = request
  if (sheet === undefined) return renderScene(sceneOf(request), { width: size, height: size }).image
  const scenes = Array.from({ length: sheet }, (_, i) => sceneOf({ ...request, seed: seed + i }))
  const shown = progress(terminal, 'Rendering', sheet)
  const images: Image[] = []
  try {
    const pictures = scenePictures(scenes, { width: size, height: size }).prefetch(sheet)
    for await (const image of pictures.iterate({ signal: terminal.signal })) shown.show(images.push(image))
  } finally {
    shown.end()
  }
  const gap = Math.max(1, Math.round(size / 64))
  return contactSheet(images, { gap, columns: columns ?? columnsFor(sheet) })
}

/** The number of columns, at most six, that leaves the fewest gaps in a landscape or square sheet. */
function columnsFor(count: number): number {
  const least = Math.min(6, Math.ceil(Math.sqrt(count)))
  const choices = [6, 5, 4, 3, 2, 1].filter((columns) => columns >= least && columns <= count)
  return choices.find((columns) => count % columns === 0) ?? choices[0] ?? 1
}
