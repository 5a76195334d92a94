import { startRuntime } from '../../src/graph/runtime/tmp-platform.node.js'
import { train } from './program.js'
const r = await startRuntime('webgpu')
await train(r, 2)
