import { measureStep } from './bench/engine/measure.ts'
const r = await measureStep('unet'); console.log('unet', r.secondsPerStep.toFixed(3), r.gflops.toFixed(1), r.matmulGflops.toFixed(1), r.ofMatmul.toFixed(3), r.losses.slice(0,3))
