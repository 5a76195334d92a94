import { expect, test } from 'vitest'
import { distance, expectClose, expectCurvature, expectSlopes, expectTorch, noise, torchCases } from '../../../tests/support/torch-cases.js'
import { compile } from '../compile.js'
import { gradients } from '../gradients.js'
import { array } from '../ndarray.js'
import type { Tensor } from '../tensor.js'
import { placeholder } from './constant.js'
import {
  blackmanWindow,
  fourierTransform,
  frames,
  hammingWindow,
  hannWindow,
  inverseRealFourierTransform,
  inverseStft,
  type MelOptions,
  melFilterbank,
  overlapAdd,
  realFourierTransform,
  type SpectrumOptions,
  spectrogram,
  stft,
} from './signal.js'

type Options = Omit<SpectrumOptions, 'window'> & {
  readonly kind: keyof typeof transforms
  readonly window?: number
  readonly length?: number
}

const transforms = {
  stft: (x: Tensor, options: SpectrumOptions) => stft(x, options),
  istft: (x: Tensor, options: SpectrumOptions) => inverseStft(x, options),
  fft: (x: Tensor) => fourierTransform(x),
  ifft: (x: Tensor) => fourierTransform(x, { inverse: true }),
  rfft: (x: Tensor) => realFourierTransform(x),
  irfft: (x: Tensor, { size }: SpectrumOptions) => inverseRealFourierTransform(x, size),
  spectrogram: (x: Tensor, options: SpectrumOptions) => spectrogram(x, options),
}

test.each(torchCases<Options>('signal').map((one) => [one.name, one] as const))(
  'stft(), inverseStft(), spectrogram(), the Fourier transforms and their gradients equal PyTorch: %s',
  async (_, one) => {
    const { window, kind, ...options } = one.options
    const all = { ...options, ...(window && { window: hannWindow(window) }) }
    await expectTorch(one, ({ x }) => transforms[kind](x as Tensor, all), { tolerance: 5e-6 })
  },
)

const windows = { hann: hannWindow, hamming: hammingWindow, blackman: blackmanWindow }

test.each(
  torchCases<{ kind: keyof typeof windows; size: number; periodic: boolean } | ({ kind: 'mel' } & MelOptions)>('signal-data').map(
    (one) => [one.name, one] as const,
  ),
)('hannWindow(), hammingWindow(), blackmanWindow() and melFilterbank() equal torch and torchaudio: %s', (_, { options, output }) => {
  expectClose(options.kind === 'mel' ? melFilterbank(options) : windows[options.kind](options.size, options), output, 1e-6)
})

test('inverseStft() gives back what stft() was made of', async () => {
  const there = compile((x: Tensor) => inverseStft(stft(x, { size: 32 }), { size: 32, length: 100 }))
  const x = noise([2, 100])
  expect(distance(await there(x), x)).toBeLessThan(1e-5)
})

test.each([
  [4, 4],
  [5, 2],
  [2, 3],
])('overlapAdd() is the adjoint of frames(): frames of %i every %i', async (length, hop) => {
  await expectSlopes((x) => frames(x as Tensor, length, hop), [noise([2, 13])])
  const ones = compile((x: Tensor) => overlapAdd(frames(x, length, hop), hop))
  const found = await ones(array([1, 1, 1, 1, 1, 1, 1, 1]))
  const counts = new Array<number>(found.length).fill(0)
  for (let start = 0; start + length <= 8; start += hop)
    for (let t = 0; t < length; t++) counts[start + t] = (counts[start + t] as number) + 1
  expect([...found.data]).toEqual(counts)
})

test('stft() runs on a named number of samples', async () => {
  const transform = (x: Tensor) => stft(x, { size: 8, hop: 3, center: false })
  const x = noise([2, 31])
  expectClose(await compile(transform, { dynamic: [[null, 'samples']] })(x), await compile(transform)(x))
})

test('spectrogram() can be differentiated twice', async () => {
  await expectCurvature((x) => spectrogram(x as Tensor, { size: 8, hop: 4 }), [noise([20])], { tolerance: 5e-3 })
})

test('spectrogram() of silence has a slope of zero', async () => {
  const slope = compile((x: Tensor) => gradients(spectrogram(x, { size: 8, power: 1 }).sum(), [x]))
  const [g] = await slope(array(new Float32Array(20)))
  expect(g?.data).toEqual(new Float32Array(20))
})

test('inverseStft() says when windows leave gaps', () => {
  expect(() => inverseStft(placeholder([5, 3, 2]), { size: 8, hop: 8 })).toThrow(
    'Cannot invert the short-time spectrum [5, 3, 2]: between some frames all windows are zero. Take a smaller hop or another window',
  )
})
