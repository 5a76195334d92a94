import { key } from 'genera/graph'
import { draw, HEIGHT, WIDTH } from './picture.js'
import { spirals, trainPoints, type Walk } from './points-diffusion.js'

/* `npm run example:page`: the same training in a page, drawn on a canvas. */
const canvas = document.querySelector('canvas') as HTMLCanvasElement
const status = document.querySelector('p') as HTMLParagraphElement
const context = canvas.getContext('2d') as CanvasRenderingContext2D
canvas.width = WIDTH
canvas.height = HEIGHT

const data = spirals(key(1), 5000)
const began = performance.now()
try {
  for await (const event of trainPoints({ every: 500 })) {
    if (event.kind === 'step' && event.step % 20 === 0) {
      const seconds = Math.round((performance.now() - began) / 1000)
      status.textContent = `Step ${event.step} of ${event.steps}, loss ${event.loss.toFixed(3)}, ${seconds} s`
      await new Promise(requestAnimationFrame)
    }
    if (event.kind === 'sample') {
      const { data: pixels, width, height } = draw(data, event.sample as Walk)
      context.putImageData(new ImageData(pixels, width, height), 0, 0)
    }
    if (event.kind === 'done') status.textContent += '. Done: the data on the left, what the model makes of noise on the right'
  }
} catch (error) {
  status.textContent = error instanceof Error ? error.message : String(error)
  throw error
}
