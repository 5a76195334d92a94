import * as ort from 'onnxruntime-node'
import * as fs from 'node:fs'
for (const f of fs.readdirSync('/work/scratch').filter(f=>/^m_.*onnx$/.test(f))) {
  const n = Number(f.match(/_(\d+)\./)![1])
  const x = new ort.Tensor('float32', Float32Array.from({length:2048*n},(_,i)=>Math.sin(i)*2+2.5), [2048,n])
  const s = await ort.InferenceSession.create('/work/scratch/'+f, {graphOptimizationLevel:'disabled'})
  let o = (await s.run({x,y:x})).o; const ts=[]
  for (let i=0;i<60;i++){ const t=performance.now(); await s.run({x,y:x},{o}); ts.push(performance.now()-t)}
  ts.sort((a,b)=>a-b); console.log(f.padEnd(20), ts[0].toFixed(3), ts[15].toFixed(3), ts[30].toFixed(3))
}
