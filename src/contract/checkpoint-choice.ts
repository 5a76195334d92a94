import { files } from '#files'
import { type Checkpoint, embeddedFolder, embeddedWeights, exists, openCheckpoint, openHub, sha256OfFile } from '../weights/index.js'
import { CheckpointMissingError } from './errors.js'
import { repositoryAsked } from './hub-checkpoint.js'
import { sha256 } from './modalities.js'
import { listed, suggestion } from './words.js'

/** Where the weights of a system come from. A system that has none needs none. */
export interface Checkpoints {
  /** Of the file (`weights/NAME.safetensors`) or the folder (`weights/NAME/`) that comes with genera. */
  readonly embedded?: string
  /** Ids of the published weights whose layout it reads. */
  readonly hub?: readonly string[]
}

/** The checkpoint that was asked for: found, not yet opened. */
export interface CheckpointChoice {
  /** The name of the embedded one, the id on the hub, or the location on disk. */
  readonly name: string
  /** `none` for systems without weights. */
  readonly kind: 'embedded' | 'local' | 'hub' | 'none'
  /** A file or a folder. */
  readonly location: string
  /** Opens the file, or in a folder the part of this name: `open('unet')`. */
  open(part?: string): Promise<Checkpoint>
  /** Of the file; of a folder, over the digests of its files of weights. Undefined for systems without weights. */
  sha256(): Promise<string | undefined>
}

/**
 * Finds a checkpoint: the embedded one if nothing is asked for, a file or folder by its location, or a repository of the hub that is in the
 * cache (`checkpointToFetch` says what has to be fetched first).
 *
 * @throws CheckpointMissingError
 */
export async function chooseCheckpoint(
  system: string,
  { embedded, hub = [] }: Checkpoints,
  asked?: string | URL,
): Promise<CheckpointChoice> {
  const known = [...(embedded ? [embedded] : []), ...hub]
  const wanted = asked === undefined || asked === 'embedded' ? embedded : String(asked)
  if (wanted === undefined && hub.length === 0 && asked === undefined) return withoutWeights(system)
  if (wanted === undefined)
    throw new CheckpointMissingError(
      system,
      'embedded',
      'none comes with genera',
      `It reads ${listed(hub)}: ask for one with --checkpoint, or pass a folder`,
    )
  if (wanted === embedded) {
    const file = embeddedWeights(embedded)
    for (const location of [file, embeddedFolder(embedded)]) if (await exists(location)) return choiceOf(embedded, 'embedded', location)
    throw new CheckpointMissingError(
      system,
      embedded,
      `${file.pathname} is not there`,
      `Install genera anew, or make it: genera train ${system}`,
    )
  }
  const repository = await repositoryAsked(wanted)
  if (repository === undefined) {
    if (await exists(asked ?? wanted)) return choiceOf(wanted, 'local', asked ?? wanted)
  } else {
    const location = await openHub().find(repository)
    // With the prefix, so that nobody takes it for a folder; those that the system names itself are known.
    const name = hub.includes(repository) ? repository : repository.replace(/^(?!hf:)/, 'hf://')
    if (location !== undefined) return choiceOf(name, 'hub', location)
  }
  const hint = hub.includes(wanted)
    ? `Fetch it: genera pull ${wanted}`
    : (suggestion(wanted, known) ?? `It knows ${known.length > 0 ? listed(known) : 'no checkpoint by name'}; or pass a file or a folder`)
  throw new CheckpointMissingError(system, wanted, 'there is no file and no folder of this name', hint)
}

function choiceOf(name: string, kind: 'embedded' | 'local' | 'hub', location: string | URL): CheckpointChoice {
  return {
    name,
    kind,
    location: String(location),
    open: async (part) => openCheckpoint(part === undefined ? location : await partOf(location, part)),
    sha256: () => digestOf(location),
  }
}

const withoutWeights = (system: string): CheckpointChoice => ({
  name: 'none',
  kind: 'none',
  location: '',
  open: async () => {
    throw new CheckpointMissingError(system, 'none', 'the system declares no weights')
  },
  sha256: async () => undefined,
})

/** A part is a folder, as the diffusers library keeps it, or a file of its own. */
async function partOf(folder: string | URL, part: string): Promise<string> {
  const inside = files.within(folder, part)
  return (await exists(inside)) ? inside : `${inside}.safetensors`
}

async function digestOf(location: string | URL): Promise<string> {
  const names = await files.list(location)
  if (!names) return sha256OfFile(location)
  const digests: string[] = []
  for (const name of [...names].sort()) {
    const inside = files.within(location, name)
    if (await files.list(inside)) digests.push(await digestOf(inside))
    else if (/\.(?:safetensors|bin)$/.test(name)) digests.push(await sha256OfFile(inside))
  }
  return sha256(new TextEncoder().encode(digests.join('\n')))
}
