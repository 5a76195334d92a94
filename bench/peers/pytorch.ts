import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Measurement, type MeasureOptions, summarise, threads } from './measurement.js'
import { adamW, batchOf, initialValues, normEpsilon, parametersOf, transformer, unet } from './networks.js'

/** PyTorch, eager, on the CPU with two threads, in the Python that the environment variable GENERA_PYTHON names. */
export async function measure({ network, steps, warmup }: MeasureOptions): Promise<Measurement> {
  const python = process.env.GENERA_PYTHON
  if (!python) return { unavailable: 'GENERA_PYTHON is not set: name a Python that has PyTorch' }

  const folder = await mkdtemp(join(tmpdir(), 'genera-bench-'))
  try {
    const { inputs, targets } = batchOf(network)
    const spec = { network, steps, warmup, threads, transformer, unet, adamW, normEpsilon, parameters: parametersOf(network) }
    await writeFile(join(folder, 'spec.json'), JSON.stringify(spec))
    await writeFile(join(folder, 'parameters.bin'), initialValues(network).map(bytes).reduce(concatenate))
    await writeFile(join(folder, 'inputs.bin'), bytes(inputs))
    await writeFile(join(folder, 'targets.bin'), bytes(targets))
    await writeFile(join(folder, 'step.py'), program)
    const { stdout } = await promisify(execFile)(python, [join(folder, 'step.py'), folder])
    const { losses, seconds, setup } = JSON.parse(stdout) as { losses: number[]; seconds: number[]; setup: string }
    return summarise(losses, seconds, setup)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
const concatenate = (a: Buffer, b: Buffer) => Buffer.concat([a, b])

const program = `
import json, sys, time
import torch
import torch.nn.functional as F

folder = sys.argv[1]
spec = json.load(open(f'{folder}/spec.json'))
eps = spec['normEpsilon']
torch.set_num_threads(spec['threads'])

def read(name, dtype=torch.float32):
    return torch.frombuffer(bytearray(open(f'{folder}/{name}.bin', 'rb').read()), dtype=dtype)

flat, p, offset = read('parameters'), {}, 0
for parameter in spec['parameters']:
    value = flat[offset:].narrow(0, 0, torch.Size(parameter['shape']).numel())
    p[parameter['name']] = value.view(parameter['shape']).clone().requires_grad_()
    offset += value.numel()
assert offset == flat.numel()

def linear(name, x):
    return F.linear(x, p[f'{name}.weight'], p.get(f'{name}.bias'))

def layer_norm(name, x):
    return F.layer_norm(x, x.shape[-1:], p[f'{name}.weight'], p[f'{name}.bias'], eps)

def transformer(ids, targets):
    size = spec['transformer']
    batch, context, width, heads = size['batch'], size['context'], size['width'], size['heads']
    x = F.embedding(ids, p['tokens.weight']) + p['positions.weight']
    for i in range(size['layers']):
        at = f'layers.{i}'
        qkv = linear(f'{at}.attention.qkv', layer_norm(f'{at}.norm_1', x))
        q, k, v = (t.view(batch, context, heads, width // heads).transpose(1, 2) for t in qkv.split(width, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, context, width)
        x = x + linear(f'{at}.attention.output', mixed)
        hidden = F.gelu(linear(f'{at}.feed_forward.1', layer_norm(f'{at}.norm_2', x)), approximate='tanh')
        x = x + linear(f'{at}.feed_forward.2', hidden)
    logits = linear('head', layer_norm('norm', x))
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())

def conv(name, x, stride=1):
    weight = p[f'{name}.weight']
    return F.conv2d(x, weight, p[f'{name}.bias'], stride, padding=weight.shape[-1] // 2)

def norm_silu(name, x):
    return F.silu(F.group_norm(x, spec['unet']['groups'], p[f'{name}.weight'], p[f'{name}.bias'], eps))

def residual(name, x):
    h = conv(f'{name}.conv_1', norm_silu(f'{name}.norm_1', x))
    h = conv(f'{name}.conv_2', norm_silu(f'{name}.norm_2', h))
    return h + (conv(f'{name}.shortcut', x) if f'{name}.shortcut.weight' in p else x)

def unet(images, targets):
    size = spec['unet']
    levels, blocks = range(len(size['widths'])), range(size['blocks'])
    x, skips = conv('conv_in', images), []
    for level in levels:
        for i in blocks:
            x = residual(f'down.{level}.{i}', x)
        skips.append(x)
        if level < levels[-1]:
            x = conv(f'down.{level}.downsample', x, stride=2)
    x = residual('middle', x)
    for level in reversed(levels):
        x = torch.cat([x, skips[level]], 1)
        for i in blocks:
            x = residual(f'up.{level}.{i}', x)
        if level > 0:
            x = conv(f'up.{level}.upsample', F.interpolate(x, scale_factor=2.0, mode='nearest'))
    return F.mse_loss(conv('conv_out', norm_silu('norm_out', x)), targets)

if spec['network'] == 'transformer':
    size, loss_of = spec['transformer'], transformer
    inputs, targets = (read(name, torch.int32).view(size['batch'], size['context']).long() for name in ('inputs', 'targets'))
else:
    size, loss_of = spec['unet'], unet
    shape = (size['batch'], size['channels'], size['size'], size['size'])
    inputs, targets = (read(name).view(shape) for name in ('inputs', 'targets'))

o = spec['adamW']
optimiser = torch.optim.AdamW(
    p.values(), lr=o['learningRate'], betas=(o['beta1'], o['beta2']), eps=o['epsilon'], weight_decay=o['weightDecay'], fused=True)

losses, seconds = [], []
for step in range(spec['warmup'] + spec['steps']):
    start = time.perf_counter()
    optimiser.zero_grad(set_to_none=True)
    loss = loss_of(inputs, targets)
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
    if step >= spec['warmup']:
        seconds.append(time.perf_counter() - start)

setup = f'PyTorch {torch.__version__}, eager, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}'
print(json.dumps({'losses': losses, 'seconds': seconds, 'setup': setup}))
`
