import { type AddCommand, systemsOf, withCommonOptions, withExamples } from '../command.js'
import { bold, green, red, type TerminalOptions, table, terminalOf } from '../terminal.js'

export const addDoctor: AddCommand = (program, session) => {
  const command = program
    .command('doctor')
    .summary('what this machine has: runtime, devices, memory, weights')
    .description(
      'Looks at everything that genera needs, measures the devices, and says what is missing. Ends with 1 if something has to be done.',
    )
  withExamples(command, 'genera doctor', 'genera doctor --json | jq .devices')
  withCommonOptions(command).action(async (options: TerminalOptions) => {
    const terminal = terminalOf(options, session)
    const [{ examine }, { GeneraError }] = await Promise.all([import('../examine.js'), import('../../graph/errors.js')])
    const { problems, remarks, ...found } = await examine(await systemsOf(session), session.signal)
    if (terminal.json) terminal.stdout.write(`${JSON.stringify({ ...found, problems, remarks })}\n`)
    else {
      const { node, runtime, devices, threads, memory, packages, weights, cache } = found
      const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
      const rows = [
        ['genera', found.genera],
        ['node', `${node.version} on ${node.platform}`],
        ['runtime', runtime],
        ...devices.map(({ device, gflops }, i) => [
          i === 0 ? 'devices' : '',
          `${device}, ${gflops.toFixed(0)} GFLOP/s in products of matrices`,
        ]),
        ['threads', `${threads}`],
        ['memory', `${gib(memory.free)} free of ${gib(memory.total)}`],
        ...packages.map(({ name, version, purpose }, i) => [i === 0 ? 'packages' : '', `${name} ${version ?? 'is not there'}: ${purpose}`]),
        ...(weights.length > 0 ? weights : [{ name: 'none', bytes: 0 }]).map(({ name, bytes }, i) => [
          i === 0 ? 'weights' : '',
          bytes > 0 ? `${name}, ${(bytes / 1e6).toFixed(1)} MB` : name,
        ]),
        ['cache', `${cache.folder}${cache.writable ? '' : ', which cannot be written'}`],
      ]
      terminal.stdout.write(`${bold(terminal, 'This machine')}\n${table(rows)}`)
      for (const remark of remarks) terminal.stdout.write(`  ${remark}\n`)
      for (const problem of problems) terminal.stdout.write(`${red(terminal, 'problem')}  ${problem}\n`)
      if (problems.length === 0) terminal.stdout.write(`${green(terminal, 'All is well.')}\n`)
    }
    if (problems.length > 0)
      throw new GeneraError('doctor', `Cannot vouch for this machine: ${problems.length} problem${problems.length > 1 ? 's' : ''} found`)
  })
}
