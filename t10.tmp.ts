import { measureDrift, measureOverhead, measureTrace } from './bench/engine/costs.ts'
for(let i=0;i<3;i++) console.log(await measureOverhead())
process.exit()
