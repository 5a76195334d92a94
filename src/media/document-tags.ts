import { openGlb } from './glb-container.js'
import { type MediaLimits, withDefaults } from './limits.js'
import { customProperties, customPropertiesPath } from './office-properties.js'
import { expectFormat, mediaFormats } from './sniff.js'
import { readZip } from './zip.js'

/**
 * How a GLB mesh or a PPTX deck was made, as the JSON that it holds; undefined if it holds none. Nothing but the record is
 * unpacked, and what it says is not checked here.
 *
 * @throws MediaError for files that are damaged, oversized or neither of the two
 */
export async function readDocumentProvenance(
  bytes: Uint8Array,
  { limits: given, name }: { limits?: Partial<MediaLimits>; name?: string } = {},
): Promise<unknown | undefined> {
  const limits = withDefaults(given)
  const format = expectFormat(bytes, ['glb', 'pptx'], name)
  const file = name ?? mediaFormats[format].title
  if (format === 'glb') return openGlb(bytes, limits, file).json.asset?.extras?.genera
  const part = readZip(bytes, { limits, file, wanted: (path) => path === customPropertiesPath }).get(customPropertiesPath)
  return part && customProperties.read(part, file)
}
