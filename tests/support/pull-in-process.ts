import { openHub } from '../../src/weights/hub/index.js'
import { platform } from '../../src/weights/hub/platform.node.js'

/*
 * Pulls a repository in a process of its own, and says on standard output what happens:
 *   pull-in-process.ts ENDPOINT CACHE REPO [hang]
 * With "hang", it stops between the last byte of the first blob and the name that makes it count.
 */
const [endpoint = '', cache = '', repo = '', hang] = process.argv.slice(2)
const rename: typeof platform.disk.rename = async (from, to) => {
  if (hang && /blobs\/[0-9a-f]{40,64}$/.test(to)) {
    process.stdout.write('renaming\n')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  }
  await platform.disk.rename(from, to)
}
const hub = openHub({ endpoint, cache, token: null, platform: { env: {}, disk: { ...platform.disk, rename } } })
for await (const event of hub.pull(await hub.plan(repo)))
  process.stdout.write(`${event.kind} ${event.kind === 'progress' ? event.done : event.kind === 'done' ? event.location : ''}\n`)
