import { compile, type Tensor, fill } from './src/graph/index.ts'
const a = fill('float32',[1024,1024],i=>Math.sin(i))
const mm = compile((x: Tensor, y: Tensor)=>x.matmul(y))
await mm(a,a)
let best=1e9
for(let i=0;i<20;i++){const t=performance.now(); await mm(a,a); best=Math.min(best,performance.now()-t)}
console.log('matmul', (2*1024**3/best/1e6).toFixed(1))
