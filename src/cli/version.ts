import { readFileSync } from 'node:fs'

/** Of the package; src/cli and dist/cli lie equally deep in it. */
export const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string }
