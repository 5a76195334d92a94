import ort from 'onnxruntime-node'
import { traceProgram, callShape } from '../../src/graph/program.js'
import { zeros } from '../../src/graph/ndarray.js'
const trace = (f: any, n: number) => traceProgram(f, callShape(Array.from({length: n}, () => zeros([4]))), {device:'webgpu', fuse:true}).model.bytes
const s = await ort.InferenceSession.create(trace((x: any) => [x.add(1), x.sum()], 1), { executionProviders: ['webgpu'], preferredOutputLocation: {out0: 'gpu-buffer', out1: 'cpu'}, logSeverityLevel: 2 })
const r = await s.run({in0: new ort.Tensor('float32', new Float32Array([1,2,3,4]), [4])})
console.log(r.out0?.location, r.out1?.location, r.out1?.data)
const copy = await ort.InferenceSession.create(trace((x: any) => [x], 1), { executionProviders: ['webgpu'], logSeverityLevel: 2 })
console.log(await copy.run({in0: r.out0!}))
// in place
const gpu = r.out0!
for (let i = 0; i < 3; i++) {
  const q = await s.run({in0: gpu}, {out0: gpu, out1: null})
  console.log(q.out0 === gpu, q.out1?.data, (await copy.run({in0: gpu})).out0?.data, (await copy.run({in0: q.out0!})).out0?.data)
}
gpu.dispose()
console.log(gpu)
