import { Extension, ExtensionProperty, type Material, PropertyType, type ReaderContext, type WriterContext } from '@gltf-transform/core'

const name = 'KHR_materials_transmission'

/** The share of light that a material lets through, from 0 to 1. */
export class Transmission extends ExtensionProperty {
  static override readonly EXTENSION_NAME = name
  // The library reads these while its own constructor runs, before the fields of a subclass are set: hence accessors.
  get extensionName(): typeof name {
    return name
  }
  get propertyType(): string {
    return 'Transmission'
  }
  get parentTypes(): string[] {
    return [PropertyType.MATERIAL]
  }
  factor = 0

  protected override init(): void {}
}

/** glTF's extension for glass. The library keeps its own version in a second package; this is the one field that a Mesh has. */
export class TransmissionExtension extends Extension {
  static override readonly EXTENSION_NAME = name
  override readonly extensionName = name

  create(factor: number): Transmission {
    const transmission = new Transmission(this.document.getGraph())
    transmission.factor = factor
    return transmission
  }

  override read(context: ReaderContext): this {
    for (const [index, { extensions }] of (context.jsonDoc.json.materials ?? []).entries()) {
      const factor = (extensions?.[name] as { transmissionFactor?: unknown } | undefined)?.transmissionFactor
      if (typeof factor === 'number') context.materials[index]?.setExtension(name, this.create(factor))
    }
    return this
  }

  override write(context: WriterContext): this {
    for (const material of this.document.getRoot().listMaterials()) {
      const transmission = transmissionOf(material)
      const index = context.materialIndexMap.get(material)
      const written = index === undefined ? undefined : context.jsonDoc.json.materials?.[index]
      if (transmission && written) written.extensions = { ...written.extensions, [name]: { transmissionFactor: transmission.factor } }
    }
    return this
  }
}

export const transmissionOf = (material: Material): Transmission | null => material.getExtension<Transmission>(name)
