import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { encodeImage, type Image, stableDiffusion } from 'genera'
import { contactSheet, scenePictures } from 'genera/diorama'
import { rows, sheet, styledScenes } from './pictures.js'

/*
 * `npm run gallery`: draws what the README shows. Every picture is the first that came of its words and its seed, which are written in
 * pictures.ts; none was chosen among several.
 */
const folder = new URL('../../docs/gallery/', import.meta.url)
const [checkpoint] = process.argv.slice(2)

type Input = Parameters<typeof stableDiffusion.generate>[0]

async function draw(input: Input): Promise<Image> {
  for await (const event of stableDiffusion.generate(input, { checkpoint })) if (event.kind === 'result') return event.results[0].value
  throw new Error('Expected a result for every prompt')
}

async function save(name: string, images: readonly Image[], columns: number): Promise<void> {
  const file = new URL(name, folder)
  await writeFile(file, await encodeImage(contactSheet(images, { columns, gap: 4 }), { format: 'jpeg', quality: 92 }))
  console.log(fileURLToPath(file))
}

await mkdir(folder, { recursive: true })
const drawn: Image[] = []
for (const input of sheet) drawn.push(await draw(input))
await save('stable-diffusion.jpg', drawn, 8)
for (const [name, row] of Object.entries(rows)) {
  const images: Image[] = []
  for (const cell of row(drawn[0] as Image)) images.push('input' in cell ? await draw(cell.input) : cell.image)
  await save(`${name}.jpg`, images, images.length)
}

const styled: Image[] = []
for await (const image of scenePictures(styledScenes, { width: 192, height: 192 })) styled.push(image)
await save('styles.jpg', styled, 6)
