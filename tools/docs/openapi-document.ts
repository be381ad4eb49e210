// docs/openapi.json: the description of the HTTP API, from the routes' own schemas. Keys are sorted so that a diff is a change.

import { buildOpenApi } from '../../src/api/openapi.ts'

export async function openApiDocument(): Promise<string> {
  return `${JSON.stringify(sortKeys(await buildOpenApi()), null, 2)}\n`
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
