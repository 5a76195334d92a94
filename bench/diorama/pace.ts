/** How often `work` runs in a second, warm: the median of several windows, each long enough to hold its share of garbage collection. */
export function pace(work: (turn: number) => void, { windows = 5, seconds = 1, warmup = 1 } = {}): number {
  let turn = 0
  for (const end = performance.now() + warmup * 1000; performance.now() < end; ) work(turn++)
  const rates = Array.from({ length: windows }, () => {
    const began = performance.now()
    let done = 0
    while (performance.now() - began < seconds * 1000) {
      work(turn++)
      done++
    }
    return (done * 1000) / (performance.now() - began)
  })
  return rates.sort((a, b) => a - b)[windows >> 1] as number
}
