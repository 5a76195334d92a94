import * as ort from 'onnxruntime-node'
import * as fs from 'node:fs'
const x = new ort.Tensor('float32', Float32Array.from({length:2048*1024},(_,i)=>Math.sin(i)*2+2.5), [2048,1024])
for (const f of fs.readdirSync('/work/scratch').filter(f=>/^m_.*onnx$/.test(f))) {
  try {
  const s = await ort.InferenceSession.create('/work/scratch/'+f, {graphOptimizationLevel:'disabled'})
  let o = (await s.run({x,y:x})).o; const ts=[]
  for (let i=0;i<25;i++){ const t=performance.now(); await s.run({x,y:x},{o}); ts.push(performance.now()-t)}
  ts.sort((a,b)=>a-b); console.log(f.padEnd(20), ts[0].toFixed(2), ts[12].toFixed(2))
  } catch(e){console.log(f,String(e).slice(0,150))}
}
