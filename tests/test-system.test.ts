import { testSystem } from './support/test-system.js'
import { idleRuntime, tinySystem } from './support/tiny-system.js'

testSystem(tinySystem(), {
  tiny: { prompt: 'a red cube', size: 2, steps: 2 },
  listings: { embedded: { painter: { weight: [3, 2] } } },
  options: { runtime: idleRuntime() },
})
