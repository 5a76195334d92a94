import { stateful, valueAndGrad, constant, scalar, compile, fill } from './src/graph/index.ts'
import { given } from './src/nn/index.ts'
import { batchFor, initialParameters, optimiser, transformerLoss, unetLoss } from './bench/engine/networks.ts'
import { flopsPerStep } from './bench/peers/networks.ts'
const net = (process.argv[3] ?? 'transformer') as any
const parameters = initialParameters(net)
const state = { parameters, optimiser: optimiser.init(parameters) }
const { inputs, targets } = batchFor(net)
const K = Number(process.argv[2] ?? 1)
const step = (state: any, inputs: any, targets: any) => {
  const { value, gradients } = valueAndGrad((p: any) => {
    const scope = given(p)
    const parts = inputs.split(K, 0).map((x: any, i: number) => (net==='unet'?unetLoss:transformerLoss)(scope, x, targets.split(K, 0)[i]))
    return parts.reduce((a: any, b: any) => a.add(b)).mul(1 / K)
  })(state.parameters)
  const next = optimiser.update(state.parameters, gradients as any, state.optimiser, constant(scalar(3e-4)))
  return [{ parameters: next.parameters, optimiser: next.state }, value] as const
}
const a = fill('float32',[1024,1024],i=>Math.sin(i))
const mm = compile((x: any, y: any)=>x.matmul(y))
const prog = stateful(step, state as any, {optimise: 'basic'})
const ts: number[] = [], ms: number[] = []
await prog.run(inputs, targets); await mm(a,a)
for (let i=0;i<12;i++){ let t=performance.now(); const l = await prog.run(inputs, targets); ts.push(performance.now()-t); for(let j=0;j<5;j++){t=performance.now(); await mm(a,a); ms.push(performance.now()-t)} }
ts.sort((a,b)=>a-b); ms.sort((a,b)=>a-b)
const med = (x: number[]) => x[x.length>>1]
const g = (t: number) => flopsPerStep(net)/t/1e6, h = (t: number) => 2*1024**3/t/1e6
console.log(`K=${K} step min ${ts[0].toFixed(0)} med ${med(ts).toFixed(0)} => ${g(ts[0]).toFixed(1)} ${g(med(ts)).toFixed(1)}; mm ${h(ms[0]).toFixed(1)} ${h(med(ms)).toFixed(1)}; ratio min/min ${(g(ts[0])/h(ms[0])).toFixed(3)} med ${(g(med(ts))/h(med(ms))).toFixed(3)}`)
