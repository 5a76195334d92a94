/** Where a checkpoint that comes with genera lies: beside the sources, and beside the built files. */
export const embeddedWeights = (name: string): URL => new URL(`../../weights/${name}.safetensors`, import.meta.url)
