import { startRuntime } from '#runtime'
import { zeros, fill } from '../../src/graph/ndarray.js'
const r = await startRuntime('webgpu')
for (const d of ['float32','float16','int32','int64','uint8','bool','int8'] as const) for (const shape of [[], [0], [3], [2,2]]) {
  try { const a = await r.upload(fill(d, shape, i => i+1) as any); const back = await a.read(); console.log(d, shape, (a as any).tensor.location, JSON.stringify(back.toNested())) } catch (e) { console.log(d, shape, String(e)) }
}
await r.dispose()
