// The ACP schema, made ready for the compiler: the strict reading, and the loose one that its annotations describe.
// Only what is reachable from the given roots is kept; prose and annotations are dropped.

export type Schema = { [keyword: string]: unknown }
export type Definitions = { [name: string]: Schema }

const KEPT = new Set([
  '$ref',
  'additionalProperties',
  'allOf',
  'anyOf',
  'const',
  'discriminator',
  'enum',
  'items',
  'maximum',
  'minLength',
  'minimum',
  'oneOf',
  'properties',
  'required',
  'type',
])

/** The schema as published. */
export function strictDefinitions(definitions: Definitions, roots: readonly string[]): Definitions {
  return reachable(mapDefinitions(definitions, strict), roots)
}

/**
 * What must hold for a message to be of any use: open enums, open unions, any list items where the schema says that
 * invalid ones are skipped, and any value where it says that a default takes its place.
 */
export function looseDefinitions(definitions: Definitions, roots: readonly string[]): Definitions {
  return reachable(mapDefinitions(definitions, loose), roots)
}

function strict(schema: Schema): Schema {
  const mapped = mapChildren(schema, strict)
  const values = constants(mapped)
  if (values !== undefined) return { type: 'string', enum: values }
  // ajv skips `oneOf` beside a discriminator for values that are no objects: the type must be said.
  return 'discriminator' in mapped ? { ...mapped, type: 'object' } : mapped
}

function loose(schema: Schema): Schema {
  if (schema['x-deserialize-default-on-error'] === true) return {}
  const mapped = mapChildren(schema, loose)
  if (constants(mapped) !== undefined) return { type: 'string' }
  if (schema['x-deserialize-skip-invalid-items'] === true) return { ...mapped, items: {} }
  return 'discriminator' in mapped ? openUnion(mapped) : mapped
}

/** A union that also takes objects with an unknown tag. */
function openUnion({ discriminator, oneOf, ...rest }: Schema): Schema {
  const tag = (discriminator as { propertyName: string }).propertyName
  const branches = oneOf as { properties: { [key: string]: { const: string } } }[]
  const known = branches.map((branch) => branch.properties[tag]?.const)
  const unknown = { required: [tag], properties: { [tag]: { type: 'string', not: { enum: known } } } }
  return { ...rest, type: 'object', anyOf: [{ type: 'object', discriminator, oneOf }, unknown] }
}

/** `oneOf` of string constants, which is how the schema writes an enum. */
function constants(schema: Schema): string[] | undefined {
  const branches = schema['oneOf'] as Schema[] | undefined
  if (branches === undefined || !branches.every((branch) => typeof branch['const'] === 'string')) return undefined
  return branches.map((branch) => branch['const'] as string)
}

function mapDefinitions(definitions: Definitions, map: (schema: Schema) => Schema): Definitions {
  return Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, map(schema)]))
}

function mapChildren(schema: Schema, map: (schema: Schema) => Schema): Schema {
  const mapped: Schema = {}
  for (const [keyword, value] of Object.entries(schema))
    if (KEPT.has(keyword)) mapped[keyword] = mapKeyword(keyword, value, map)
  return mapped
}

function mapKeyword(keyword: string, value: unknown, map: (schema: Schema) => Schema): unknown {
  if (keyword === 'properties') return mapDefinitions(value as Definitions, map)
  if (keyword === 'allOf' || keyword === 'anyOf' || keyword === 'oneOf') return (value as Schema[]).map(map)
  const isSchema = keyword === 'items' || keyword === 'additionalProperties'
  return isSchema && typeof value === 'object' ? map(value as Schema) : value
}

function reachable(definitions: Definitions, roots: readonly string[]): Definitions {
  const kept: Definitions = {}
  const open = [...roots]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name in kept) continue
    const schema = definitions[name]
    if (schema === undefined) throw new Error(`the schema has no ${name}`)
    kept[name] = schema
    for (const [, reference] of JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)) open.push(reference as string)
  }
  return Object.fromEntries(Object.entries(kept).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
