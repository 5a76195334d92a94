import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A script that measures in a process of its own: its figures are one line of JSON on standard output. */
export function runScript(main: (words: readonly string[]) => Promise<object>): void {
  main(process.argv.slice(2)).then(
    (figures) => {
      console.log(JSON.stringify(figures))
      process.exit()
    },
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
}

/** What such a script said last. */
export const lastLine = <Figures>(output: string): Figures => JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as Figures

/** The command as it is installed: built, without the help of a compiler. */
export function builtCommand(): string {
  const built = fileURLToPath(new URL('../dist/cli/main.node.js', import.meta.url))
  if (!existsSync(built)) throw new Error(`Cannot measure the command: ${built} is not there. Build it first: npm run build`)
  return built
}
