import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { type TerminalOptions, terminalOf } from '../terminal.js'

interface Options extends TerminalOptions {
  readonly revision?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly offline?: boolean
  readonly yes?: boolean
}

export const addPull: AddCommand = (program, session) => {
  const command = program
    .command('pull')
    .summary('fetch published weights from the hub')
    .description(
      'Fetches a repository of published weights into the cache that all programs of the hub share, and prints its folder. Licence, size and memory are said before the first byte. What was interrupted goes on where it stopped; a file counts only once its digest is right.\n\nWithout --include it fetches what genera reads: the configuration, and the weights of each part once, as safetensors if there are any.',
    )
    .argument('<repository>', 'owner/name, owner/name@revision or hf://owner/name/file')
    .option('--revision <name>', 'a branch, a tag or a commit (default: main)')
    .option('--include <globs...>', 'only files that fit: "*.json", "unet/*"; "*" for all')
    .option('--exclude <globs...>', 'no files that fit')
    .option('--offline', 'only say where it is in the cache')
    .option('-y, --yes', 'do not ask')
  withExamples(
    command,
    'genera pull stable-diffusion-v1-5/stable-diffusion-v1-5',
    'genera pull owner/name --revision v1.0 --include "*.safetensors" "*.json"',
    'HF_TOKEN=hf_… genera pull owner/gated --yes',
  )
  withCommonOptions(command).action(async (repository: string, { revision, include, exclude, offline, yes, ...options }: Options) => {
    const terminal = terminalOf(options, session)
    const [{ openHub }, { fetchRepository }] = await Promise.all([import('../../weights/index.js'), import('../hub/fetch-repository.js')])
    const hub = openHub({ offline })
    const asked = { revision, include, exclude, signal: terminal.signal }
    // Offline there may be a snapshot of another program, of which nobody knows what it should be.
    const found = hub.offline ? await hub.find(repository, asked) : undefined
    const plan = found === undefined ? await hub.plan(repository, asked) : undefined
    const location = plan ? await fetchRepository(hub, plan, { yes }, terminal, session) : (found as string)
    const result = { kind: 'result', location, ...(plan && { repo: plan.repo, commit: plan.commit, bytes: plan.bytes }) }
    terminal.stdout.write(terminal.json ? `${JSON.stringify(result)}\n` : `${location}\n`)
  })
}
