import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { array, fill, key, normal, placeholder, type Runtime, sharedRuntime, type Tensor } from '../graph/index.js'
import { initialise, linear, type Scope } from '../nn/index.js'
import { exists, openCheckpoint, writeSafetensors } from '../weights/index.js'
import { adamW, sgd } from './optimisers.js'
import { constant, cosine } from './schedules.js'
import { DivergedError, type Recipe, type TrainingEvent, train } from './train.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-training-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const freshPath = (): string => join(folder, `run-${files++}.safetensors`)

interface Batch {
  readonly x: Tensor
  readonly y: Tensor
}

const model = (scope: Scope, x: Tensor): Tensor => linear(scope.at('out'), linear(scope.at('in'), x, 8).tanh(), 1)

/** y = x₀ - 2·x₁ on 16 points per batch, each batch a function of its step and part. */
function batch(step: number, part = 0, size = 16) {
  const x = normal(key(1).child(`${step}/${part}`), [size, 2])
  return { x, y: fill('float32', [size, 1], (i) => x.at(2 * i) - 2 * x.at(2 * i + 1)) }
}

const recipe = (changes: Partial<Recipe<Batch>> = {}): Recipe<Batch> => ({
  name: 'regression',
  loss: (scope, { x, y }) => model(scope, x).sub(y).square().mean(),
  parameters: initialise((scope) => model(scope, placeholder([1, 2])), { seed: 2 }),
  batch,
  optimiser: adamW({ weightDecay: 0 }),
  schedule: constant(0.03),
  steps: 10,
  ...changes,
})

async function collect(events: AsyncIterable<TrainingEvent>): Promise<TrainingEvent[]> {
  const all: TrainingEvent[] = []
  for await (const event of events) all.push(event)
  return all
}
const losses = (events: readonly TrainingEvent[]): number[] => events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []))
const last = (events: readonly TrainingEvent[]) => {
  const event = events.at(-1)
  if (event?.kind !== 'done') throw new Error(`The last event is ${event?.kind}`)
  return event
}

describe('train()', () => {
  test('reports its start, every step and its end in order', async () => {
    const events = await collect(train(recipe({ steps: 3, schedule: cosine(0.1, 3) })))
    expect(events.map(({ kind, step }) => `${kind} ${step}`)).toEqual(['start 0', 'step 1', 'step 2', 'step 3', 'done 3'])
    expect(events[0]).toEqual({ kind: 'start', step: 0, steps: 3, parameters: 33, resumed: false })
    expect(events[2]).toMatchObject({ kind: 'step', steps: 3, learningRate: cosine(0.1, 3)(1), metrics: {} })
    expect(events[2]).toHaveProperty('gradientNorm', expect.any(Number))
  })

  test('learns a small regression', async () => {
    const found = losses(await collect(train(recipe({ steps: 200, schedule: cosine(0.05, 200) }))))
    expect(found[0]).toBeGreaterThan(1)
    expect(found.at(-1)).toBeLessThan(0.05)
  })

  test('reports the metrics beside the loss', async () => {
    const loss: Recipe<Batch>['loss'] = (scope, { x, y }) => {
      const difference = model(scope, x).sub(y)
      return { loss: difference.square().mean(), metrics: { root: difference.square().mean().sqrt() } }
    }
    const [, step] = await collect(train(recipe({ steps: 1, loss })))
    if (step?.kind !== 'step') throw new Error('No step was made')
    expect(step.metrics.root).toBeCloseTo(Math.sqrt(step.loss), 5)
  })

  test('makes the same step from accumulated parts as from one big batch', async () => {
    const join = (parts: readonly ReturnType<typeof batch>[]) => ({
      x: array(Float32Array.from(parts.flatMap(({ x }) => [...(x.data as Float32Array)])), { shape: [32, 2] }),
      y: array(Float32Array.from(parts.flatMap(({ y }) => [...y.data])), { shape: [32, 1] }),
    })
    const options = { steps: 4, optimiser: sgd({ momentum: 0.9 }), clip: 0.5 }
    const inParts = await collect(train(recipe({ ...options, accumulate: 2 })))
    const atOnce = await collect(train(recipe({ ...options, batch: (step) => join([batch(step, 0), batch(step, 1)]) })))
    losses(atOnce).forEach((loss, i) => {
      expect(losses(inParts)[i]).toBeCloseTo(loss, 5)
    })
    for (const [name, wanted] of Object.entries(last(atOnce).parameters))
      for (let i = 0; i < wanted.length; i++) expect(last(inParts).parameters[name]?.at(i)).toBeCloseTo(wanted.at(i), 5)
  })

  test('keeps a moving average of the parameters', async () => {
    const { parameters } = recipe()
    const { parameters: after, average } = last(await collect(train(recipe({ steps: 1, average: 0.75 }))))
    const [before, now, mean] = [parameters, after, average].map((group) => group?.['in.weight']?.at(0) as number)
    expect(mean).toBeCloseTo(0.75 * (before as number) + 0.25 * (now as number), 6)
  })

  test('draws samples with the average, now and then and at the end', async () => {
    const drawn: unknown[] = []
    const draw = async (parameters: object, step: number) => {
      drawn.push(parameters)
      return { step }
    }
    const events = await collect(train(recipe({ steps: 5, average: 0.9, sample: { every: 2, draw } })))
    expect(events.filter(({ kind }) => kind === 'sample')).toEqual([2, 4, 5].map((step) => ({ kind: 'sample', step, sample: { step } })))
    expect(drawn.at(-1)).toEqual(last(events).average)
  })
})

describe('train() with a checkpoint', () => {
  const options = { accumulate: 2, average: 0.9, clip: 1, schedule: cosine(0.05, 10) }

  test('goes on bit for bit where it stood', async () => {
    const [whole, parted] = [freshPath(), freshPath()]
    const straight = await collect(train(recipe({ ...options, checkpoint: { path: whole, every: 10 } })))
    const interrupted = recipe({ ...options, checkpoint: { path: parted, every: 5 } })
    for await (const event of train(interrupted)) if (event.kind === 'checkpoint') break
    const resumed = await collect(train(interrupted))
    expect(resumed[0]).toMatchObject({ kind: 'start', step: 5, resumed: true })
    expect(losses(resumed)).toEqual(losses(straight).slice(5))
    expect(last(resumed)).toEqual(last(straight))
    expect((await readFile(parted)).equals(await readFile(whole))).toBe(true) // parameters, average, moments and step
  })

  test('of a finished run returns its parameters without a step', async () => {
    const finished = recipe({ steps: 2, checkpoint: { path: freshPath(), every: 1 } })
    const first = await collect(train(finished))
    const again = await collect(train(finished))
    expect(again.map(({ kind }) => kind)).toEqual(['start', 'done'])
    expect(last(again).parameters).toEqual(last(first).parameters)
  })

  test('refuses to go on after NaN, names the step and leaves the last checkpoint intact', async () => {
    const path = freshPath()
    const bad = recipe({
      steps: 6,
      checkpoint: { path, every: 2 },
      batch: (step) => (step === 3 ? { ...batch(step), y: fill('float32', [16, 1], () => Number.NaN) } : batch(step)),
    })
    const events: TrainingEvent[] = []
    const error = await (async () => {
      for await (const event of train(bad)) events.push(event)
    })().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(DivergedError)
    expect(error).toMatchObject({
      step: 3,
      message: `Cannot go on training after step 3: the loss is NaN and the norm of the gradients is NaN. Lower the learning rate, clip the gradients, or look at the batch of step 3; ${path} still holds the last good checkpoint`,
    })
    expect(events.map(({ kind, step }) => `${kind} ${step}`)).toEqual(['start 0', 'step 1', 'step 2', 'checkpoint 2', 'step 3'])
    const file = await openCheckpoint(path)
    expect(file.metadata.get('step')).toBe('2')
    for (const name of file.names) expect((await file.read(name)).data.every(Number.isFinite), name).toBe(true)
  })

  test('stops between two steps when it is aborted, and saves first', async () => {
    const path = freshPath()
    const stop = new AbortController()
    const events: TrainingEvent[] = []
    const running = (async () => {
      for await (const event of train(recipe({ checkpoint: { path, every: 100 } }), { signal: stop.signal })) {
        events.push(event)
        if (event.kind === 'step' && event.step === 3) stop.abort(new Error('Enough for today'))
      }
    })()
    await expect(running).rejects.toThrow('Enough for today')
    expect(events.slice(-2).map(({ kind, step }) => `${kind} ${step}`)).toEqual(['step 3', 'checkpoint 3'])
    const resumed = await collect(train(recipe({ checkpoint: { path, every: 100 } })))
    expect(resumed[0]).toMatchObject({ step: 3, resumed: true })
    expect(last(resumed).parameters).toEqual(last(await collect(train(recipe()))).parameters)
  })

  test('aborted before its first step saves nothing', async () => {
    const path = freshPath()
    const aborted = collect(train(recipe({ checkpoint: { path, every: 1 } }), { signal: AbortSignal.abort(new Error('Not now')) }))
    await expect(aborted).rejects.toThrow('Not now')
    expect(await exists(path)).toBe(false)
  })

  test("refuses another run's file, another model's and a file of another kind", async () => {
    const path = freshPath()
    await collect(train(recipe({ steps: 1, checkpoint: { path, every: 1 } })))
    const start = (changes: Partial<Recipe<Batch>>) => collect(train(recipe({ steps: 2, checkpoint: { path, every: 1 }, ...changes })))
    await expect(start({ name: 'another' })).rejects.toThrow(
      `Cannot resume from ${path}: it belongs to the run "regression", this one is "another". Use another checkpoint file, or delete this one to start over`,
    )
    await expect(start({ parameters: { ...recipe().parameters, extra: array([1]) } })).rejects.toThrow(
      `Cannot resume from ${path}: it lacks "parameters.extra". The model or the recipe has changed since; delete the file to start over`,
    )
    await expect(start({ parameters: { ...recipe().parameters, 'out.bias': array([1, 2]) } })).rejects.toThrow(
      `Cannot resume from ${path}: "parameters.out.bias" is float32[1] there and float32[2] here`,
    )
    await expect(start({ average: 0.9 })).rejects.toThrow(/it lacks "average\./)
    await expect(start({ optimiser: sgd() })).rejects.toThrow(/it holds "optimiser\.mean\..*", which this run has no use for/)
    const plain = freshPath()
    await writeSafetensors(plain, [['w', array([1])]])
    await expect(start({ checkpoint: { path: plain, every: 1 } })).rejects.toThrow(
      `Cannot resume from ${plain}: it is not a training checkpoint. Start from its weights instead: pass them as the parameters`,
    )
  })

  test('killed at any moment leaves a checkpoint that can be read', { timeout: 60_000 }, async () => {
    const [script, path] = [join(folder, 'endless.mts'), freshPath()]
    const source = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, '..', name, 'index.ts')).href)
    writeFileSync(
      script,
      `import { fill } from ${source('graph')}
import { adamW, schedules, train } from ${source('training')}
const recipe = {
  name: 'endless',
  loss: (scope, x) => scope.param('w', [100_000]).sub(x).square().mean(),
  parameters: { w: fill('float32', [100_000], () => 1) },
  batch: () => fill('float32', [1], () => 0),
  optimiser: adamW(), schedule: schedules.constant(0.1), steps: 1e6,
  checkpoint: { path: ${JSON.stringify(path)}, every: 1 },
}
for await (const event of train(recipe)) if (event.kind === 'checkpoint') console.log(event.step)
`,
    )
    const child = spawn(process.execPath, ['--conditions=genera-source', '--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((done) => {
      child.stdout.on('data', (text: Buffer) => {
        if (Number(text.toString().trim().split('\n').at(-1)) >= 5) setTimeout(() => child.kill('SIGKILL'), 3)
      })
      child.on('close', () => done())
    })
    const file = await openCheckpoint(path)
    expect(Number(file.metadata.get('step'))).toBeGreaterThanOrEqual(5)
    expect((await file.read('optimiser.step')).item()).toBe(Number(file.metadata.get('step')))
  })
})

test('train() gives back all that it holds, also when the caller leaves early', async () => {
  const inner = await sharedRuntime()
  const open = new Set<object>()
  const track = (held: { dispose(): void | Promise<void> }): void => {
    if (open.has(held)) return
    open.add(held)
    const dispose = held.dispose.bind(held)
    held.dispose = () => {
      open.delete(held)
      return dispose()
    }
  }
  let most = 0
  const runtime: Runtime = {
    name: inner.name,
    device: inner.device,
    upload: async (values) => {
      const resident = await inner.upload(values)
      track(resident)
      return resident
    },
    load: async (model, options) => {
      const session = await inner.load(model, options)
      const run = session.run.bind(session)
      session.run = async (inputs, destinations) => {
        const values = await run(inputs, destinations)
        for (const value of values) if ('dispose' in value) track(value)
        most = Math.max(most, open.size)
        return values
      }
      track(session)
      return session
    },
    dispose: async () => {},
  }
  await collect(train(recipe({ steps: 3, accumulate: 2, average: 0.9 }), { runtime }))
  expect(most).toBeGreaterThan(0)
  expect(open.size).toBe(0)
  for await (const event of train(recipe(), { runtime })) if (event.kind === 'step') break
  expect(open.size).toBe(0)
})
