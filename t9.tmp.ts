import { measureStep } from './bench/engine/measure.ts'
for (const n of ['transformer','unet'] as const) { const r = await measureStep(n); console.log(n, r.secondsPerStep.toFixed(3), r.gflops.toFixed(1), r.matmulGflops.toFixed(1), r.ofMatmul.toFixed(3), r.losses.slice(0,3)) }
