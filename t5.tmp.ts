import * as ort from 'onnxruntime-node'
import * as fs from 'node:fs'
const bytes = fs.readFileSync(process.argv[2])
const s = await ort.InferenceSession.create(bytes, {enableProfiling: true, profileFilePrefix: '/work/scratch/prof', graphOptimizationLevel: 'basic', externalData: process.argv.slice(3).map((a)=>({path:a.split(':')[0], data:new Uint8Array(Number(a.split(':')[1])).fill(1)}))} as any)
const feeds: any = {}
for (const m of s.inputMetadata as any[]) { const n = m.shape.reduce((a:number,b:number)=>a*b,1); feeds[m.name] = m.type==='int64' ? new ort.Tensor('int64', new BigInt64Array(n).fill(3n), m.shape) : new ort.Tensor('float32', Float32Array.from({length:n},(_,i)=>Math.sin(i)*0.05+0.05), m.shape) }
for (let i=0;i<5;i++) await s.run(feeds)
s.endProfiling()
