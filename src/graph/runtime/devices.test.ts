import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Platform } from './platform.js'
import type { Device, Runtime } from './runtime.js'

const fake = vi.hoisted(() => ({
  times: {} as Partial<Record<Device, number>>,
  fingerprint: 'engine 1',
  memory: undefined as string | undefined,
  requested: undefined as string | undefined,
  broken: new Set<Device>(),
  measured: [] as Device[],
}))

vi.mock('#runtime', () => {
  const platform: Platform = {
    requestedDevice: () => fake.requested,
    candidates: async () => ({ devices: ['cpu', 'webgpu', 'cuda'], fingerprint: fake.fingerprint }),
    measure: async (device) => {
      fake.measured.push(device)
      const time = fake.times[device]
      if (time === undefined) throw new Error(`no ${device}`)
      return time
    },
    remembered: async () => fake.memory,
    remember: async (text) => {
      fake.memory = text
    },
    startRuntime: async (device) => {
      if (fake.broken.has(device)) throw new Error(`${device} is broken`)
      return { name: device, device } as Runtime
    },
  }
  return { platform }
})

beforeEach(() => {
  vi.resetModules()
  Object.assign(fake, { times: { cpu: 20, webgpu: 5 }, fingerprint: 'engine 1', memory: undefined, requested: undefined, measured: [] })
  fake.broken.clear()
})

const availableDevices = async () => (await import('./devices.js')).availableDevices()
const sharedRuntime = async (device?: Device) => (await import('./shared.js')).sharedRuntime(device)

describe('availableDevices()', () => {
  test('lists the devices that work, fastest first', async () => {
    expect(await availableDevices()).toEqual(['webgpu', 'cpu'])
    expect(fake.measured).toEqual(['cpu', 'webgpu', 'cuda'])
  })

  test('measures once for many questions and for the processes that follow', async () => {
    await Promise.all([availableDevices(), availableDevices()])
    vi.resetModules() // as in a new process
    expect(await availableDevices()).toEqual(['webgpu', 'cpu'])
    expect(fake.measured).toHaveLength(3)
  })

  test('measures again with another engine and still knows the first', async () => {
    await availableDevices()
    vi.resetModules()
    Object.assign(fake, { fingerprint: 'engine 2', times: { cpu: 1 } })
    expect(await availableDevices()).toEqual(['cpu'])
    vi.resetModules()
    fake.fingerprint = 'engine 1'
    expect(await availableDevices()).toEqual(['webgpu', 'cpu'])
    expect(fake.measured).toHaveLength(6)
  })

  test.each(['', '{"engine 1"', 'null', '[]', '{"engine 1": 7}', '{"engine 1": [{"device": "abacus", "milliseconds": 1}]}'])(
    'measures where the memory holds %j',
    async (memory) => {
      fake.memory = memory
      expect(await availableDevices()).toEqual(['webgpu', 'cpu'])
    },
  )

  test('says why each device failed where none works, and tries again when it is asked again', async () => {
    fake.times = {}
    await expect(availableDevices()).rejects.toThrow('Cannot find a device to run programs on: no cpu; no webgpu; no cuda')
    fake.times = { cpu: 1 }
    expect(await availableDevices()).toEqual(['cpu'])
  })
})

describe('sharedRuntime()', () => {
  test('starts the fastest device once', async () => {
    const runtime = await sharedRuntime()
    expect(runtime.device).toBe('webgpu')
    expect(await sharedRuntime()).toBe(runtime)
    expect(await sharedRuntime('webgpu')).toBe(runtime)
  })

  test('takes the device that GENERA_DEVICE names, without measuring', async () => {
    fake.requested = 'cpu'
    expect((await sharedRuntime()).device).toBe('cpu')
    expect(fake.measured).toEqual([])
  })

  test('refuses a name in GENERA_DEVICE that is no device', async () => {
    fake.requested = 'gpu'
    await expect(sharedRuntime()).rejects.toThrow('Cannot run on the device "gpu" that GENERA_DEVICE names: there is none of this name')
  })

  test('falls back to the next device when the fastest one no longer starts', async () => {
    fake.broken.add('webgpu')
    expect((await sharedRuntime()).device).toBe('cpu')
  })

  test('gives its options to the measurement and to the start', async () => {
    const { platform } = await import('#runtime')
    const [measure, start] = [vi.spyOn(platform, 'measure'), vi.spyOn(platform, 'startRuntime')]
    const options = { wasmPaths: '/ort/' }
    await (await import('./shared.js')).sharedRuntime('auto', options)
    expect(measure).toHaveBeenCalledWith('cpu', options)
    expect(start).toHaveBeenCalledWith('webgpu', options)
  })

  test('tries again after a start that failed', async () => {
    fake.broken.add('cuda')
    await expect(sharedRuntime('cuda')).rejects.toThrow('cuda is broken')
    fake.broken.clear()
    expect((await sharedRuntime('cuda')).device).toBe('cuda')
  })
})

test('startRuntime() starts a runtime of its own each time, on the fastest device', async () => {
  const { startRuntime } = await import('./shared.js')
  const [one, two] = [await startRuntime(), await startRuntime('auto')]
  expect([one.device, two.device]).toEqual(['webgpu', 'webgpu'])
  expect(one).not.toBe(two)
})
