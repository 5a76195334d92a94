import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeImage, GeneraError, type Image, stableDiffusion } from 'genera'
import { contactSheet } from 'genera/diorama'
import { prompts } from './prompts.js'

/* `npm start`: draws a picture for each prompt, and lays them out on one sheet. */
const file = fileURLToPath(new URL('../../out/contact-sheet.png', import.meta.url))
const columns = 4
const [checkpoint] = process.argv.slice(2) // a file of weights of one's own, in place of those that come with genera

try {
  const began = performance.now()
  const images: Image[] = []
  for (const [i, prompt] of prompts.entries()) {
    for await (const event of stableDiffusion.generate({ prompt, seed: i + 1 }, { checkpoint })) {
      if (event.kind === 'progress') show(i, event.stage, event.done / event.total)
      if (event.kind === 'result') images.push(event.results[0].value)
    }
    clear()
    console.log(`${String(i + 1).padStart(2)}  ${prompt}`)
  }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, await encodeImage(contactSheet(images, { columns, gap: 4 }), { format: 'png' }))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`\nThese ${images.length} pictures, row by row, after ${seconds} s: ${relative(process.cwd(), file)}`)
  console.log('One of your own: npx genera make "a red cube left of a shiny blue sphere at sunset" -o scene.png')
} catch (error) {
  if (!(error instanceof GeneraError)) throw error
  clear()
  console.error(error.message)
  process.exitCode = 1
}

/** A line that is painted over, on a terminal. */
function show(index: number, stage: string, share: number): void {
  const filled = Math.round(share * 24)
  const bar = '█'.repeat(filled) + '░'.repeat(24 - filled)
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${index + 1}/${prompts.length}  ${bar}  ${stage}`)
}

function clear(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K')
}
