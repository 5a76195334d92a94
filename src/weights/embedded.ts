/** Where a checkpoint that comes with genera lies, one file: beside the sources, and beside the built files. */
export const embeddedWeights = (name: string): URL => new URL(`../../weights/${name}.safetensors`, import.meta.url)

/** Where one lies that is a folder of files. */
export const embeddedFolder = (name: string): URL => new URL(`../../weights/${name}/`, import.meta.url)
