import { stateful } from './src/graph/index.ts'
import { batchFor, initialParameters, optimiser, trainingStep, transformerLoss } from './bench/engine/networks.ts'
import { flopsPerStep } from './bench/peers/networks.ts'
import { callShape, traceProgram } from './src/graph/program.ts'
import * as ort from 'onnxruntime-node'
import * as fs from 'node:fs'
const net = 'transformer'
const parameters = initialParameters(net)
const state = { parameters, optimiser: optimiser.init(parameters) }
const { inputs, targets } = batchFor(net)
const step = trainingStep(transformerLoss)
let t = performance.now()
const call = callShape([state, inputs, targets])
const pr = traceProgram(step as any, call, {device:'cpu',fuse:true})
console.log('trace ms', performance.now()-t, 'nodes', pr.model.size, pr.model.bytes.length)
if (process.argv[3]) fs.writeFileSync(process.argv[3], pr.model.bytes)
const prog = stateful(step, state, {optimise: (process.argv[2] ?? 'basic') as any})
t = performance.now()
for (let i=0;i<14;i++){ const l = await prog.run(inputs, targets); const n=performance.now(); console.log(l.item().toFixed(5), ((n-t)).toFixed(0),'ms', (flopsPerStep(net)/(n-t)/1e6).toFixed(1),'GFLOP/s'); t=n }
