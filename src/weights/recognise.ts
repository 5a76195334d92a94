interface OtherFormat {
  readonly found: string
  readonly hint: string
}

const convert = 'Convert it to safetensors first, for example with save_file() of the Python package "safetensors"'
const torch = 'openCheckpoint() reads files of PyTorch'
const zip = { found: 'a zip archive, as PyTorch saves .bin, .pt and .ckpt', hint: torch }
const pickle = { found: 'a Python pickle, as PyTorch saves .bin, .pt and .ckpt', hint: torch }

/** What people hand over by mistake, by how the file begins (one Latin-1 character per byte). */
const formats: readonly (readonly [string | RegExp, OtherFormat])[] = [
  [
    /^\s*<(?:!doctype|html|head|body|!--)/i,
    { found: 'an HTML page', hint: 'The download saved a web page instead of the file: check the address and whether it asks to sign in' },
  ],
  [/^\s*<\?xml/i, { found: 'an XML document', hint: "The download saved a server's message instead of the file: open it as text" }],
  [
    'version https://git-lfs',
    { found: 'a Git LFS pointer', hint: 'The repository was cloned without its large files: run "git lfs pull"' },
  ],
  [
    /^\s*\{\s*"/,
    {
      found: 'a JSON document',
      hint: 'If it is the index of a sharded checkpoint, pass its path to openCheckpoint(); otherwise open it as text',
    },
  ],
  ['GGUF', { found: 'a GGUF file', hint: 'openCheckpoint() reads GGUF' }],
  ['PK\x03\x04', zip],
  ['PK\x05\x06', zip],
  ['\x80\x02', pickle],
  ['\x80\x03', pickle],
  ['\x80\x04', pickle],
  ['\x80\x05', pickle],
  ['\x93NUMPY', { found: 'a NumPy array', hint: convert }],
  ['\x89HDF', { found: 'an HDF5 file', hint: convert }],
  ['\x1f\x8b', { found: 'a gzip archive', hint: 'Unpack it first' }],
]

/** How many first bytes `recognise` looks at. */
export const recognisedBytes = 64

/** The kind of a file that is not safetensors, from its first bytes; undefined if it looks like none we know. */
export function recognise(head: Uint8Array): OtherFormat | undefined {
  const text = String.fromCharCode(...head.subarray(0, recognisedBytes))
  return formats.find(([begins]) => (typeof begins === 'string' ? text.startsWith(begins) : begins.test(text)))?.[1]
}
