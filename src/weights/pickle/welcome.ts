import { CheckpointError, quoted } from '../checkpoint-error.js'
import type { StorageDType } from '../storage-dtype.js'
import type { Global } from './unpickler.js'

/** PyTorch's typed storages, by the element type that they hold; an untyped one holds bytes. */
export const storages: Readonly<Record<string, StorageDType>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
  'torch.ComplexFloatStorage': 'C64',
  'torch.storage.UntypedStorage': 'U8',
}

/** Element types that have no storage of their own are named beside an untyped one. */
export const elementTypes: Readonly<Record<string, StorageDType>> = {
  'torch.float64': 'F64',
  'torch.float32': 'F32',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.int16': 'I16',
  'torch.int8': 'I8',
  'torch.uint8': 'U8',
  'torch.uint16': 'U16',
  'torch.uint32': 'U32',
  'torch.uint64': 'U64',
  'torch.bool': 'BOOL',
  'torch.complex64': 'C64',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.float8_e4m3fnuz': 'F8_E4M3FNUZ',
  'torch.float8_e5m2fnuz': 'F8_E5M2FNUZ',
  'torch.float8_e8m0fnu': 'F8_E8M0',
}

/** How PyTorch describes tensors, and the containers that they lie in. */
const described = [
  'collections.OrderedDict',
  'collections.defaultdict',
  'torch.Size',
  'torch.Tensor',
  'torch.device',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch._tensor._rebuild_from_type_v2',
  'torch.nn.parameter.Parameter',
  'torch.nn.modules.container.ParameterDict',
]

/** What trainers leave beside the tensors: passed over. */
const passed =
  /^(?:__builtin__|builtins)\.(?:set|frozenset|dict|list|tuple|int|float|bool|str|complex|slice|range)$|^_codecs\.encode$|^typing\.Any$|^argparse\.Namespace$|^datetime\.(?:datetime|timedelta)$|^pathlib\.(?:Posix|Windows|Pure\w+)?Path$|^numpy\.(?:dtype|ndarray)$|^numpy\.(?:core|_core)\.multiarray\.(?:scalar|_reconstruct)$|^omegaconf\.[\w.]+$|^(?:pytorch_)?lightning\.[\w.]+$/

const welcome: ReadonlySet<string> = new Set([...described, ...Object.keys(storages), ...Object.keys(elementTypes)])

/**
 * The error for a name that a file of tensors has no need of. No name is ever imported or called, so this protects nobody by itself; but a file
 * that asks for `os.system` is not what it was taken for, and whoever passes it on to Python should know.
 */
export function unwelcome(global: Global, file: string): CheckpointError | undefined {
  if (welcome.has(global.path) || passed.test(global.path)) return undefined
  return new CheckpointError({
    code: 'UnsafePickle',
    file,
    expected: "tensors and PyTorch's description of them",
    found: `a pickle that refers to the code ${quoted(global.path)}`,
    hint: 'Nothing of it was run. Look for the model as safetensors; if you trust whoever made this file, load it in Python and save its tensors with save_file() of the package "safetensors"',
  })
}
