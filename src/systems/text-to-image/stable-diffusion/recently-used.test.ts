import { expect, it } from 'vitest'
import { RecentlyUsed } from './recently-used.js'

const cacheOf = (most: number) => {
  const freed: string[] = []
  const made: string[] = []
  const cache = new RecentlyUsed<string>(most, async (value) => void freed.push(value))
  const take = (name: string) =>
    cache.take(name, () => {
      made.push(name)
      return name
    })
  return { cache, take, freed, made }
}

it('RecentlyUsed keeps the latest values and frees the others', async () => {
  const { take, freed, made } = cacheOf(2)
  for (const name of ['a', 'b', 'a', 'c']) await take(name).release()
  expect([made, freed]).toEqual([['a', 'b', 'c'], ['b']])
})

it('RecentlyUsed waits for those who are still at work', async () => {
  const { cache, take, freed } = cacheOf(1)
  const busy = take('a')
  await take('b').release()
  await take('c').release()
  expect(freed).toEqual(['b', 'c'])
  await busy.release()
  await cache.clear()
  expect([freed, cache.size]).toEqual([['b', 'c', 'a'], 0])
})
