import { dioramaDataset } from 'genera/diorama'

/* `examples/diorama-page/serve.ts`: scenes of the procedural world on a canvas, rendered in a worker, so that the page never waits. */
const find = <Name extends keyof HTMLElementTagNameMap>(name: Name) => document.querySelector(name) as HTMLElementTagNameMap[Name]
const [canvas, text, seed, another] = [find('canvas'), find('p'), find('input'), find('button')]
const drawing = canvas.getContext('2d') as CanvasRenderingContext2D

const scenes = dioramaDataset({ world: 'full', size: canvas.width, kinds: ['image', 'caption'], captionLength: 'medium', threads: 1 })

/** Records are a function of their index alone: the seed is the index, and an address that ends in #7 always shows the same scene. */
async function show(index: number): Promise<void> {
  seed.value = String(index)
  location.hash = seed.value
  text.textContent = '…'
  const { image, caption } = await scenes.record(index)
  if (seed.value !== String(index)) return // another one has been asked for in the meantime
  const pixels = drawing.createImageData(image.width, image.height)
  for (let i = 0; i < image.width * image.height; i++) pixels.data.set([...image.data.subarray(3 * i, 3 * i + 3), 255], 4 * i)
  drawing.putImageData(pixels, 0, 0)
  text.textContent = caption
}

const wanted = (): number => Math.max(0, Math.floor(Number(seed.value)))
seed.addEventListener('change', () => void show(wanted()))
another.addEventListener('click', () => void show(wanted() + 1))
await show(Number(location.hash.slice(1)) || wanted())
