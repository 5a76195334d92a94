import { startRuntime } from '#runtime'
import { train } from '/work/main/tests/browser/program.ts'
const d = process.argv[2] as never
const r = await startRuntime(d)
console.log(await train(r))
await r.dispose()
