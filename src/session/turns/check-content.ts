// What a content block of a prompt must be, whatever agent gets it: its essentials, and data that is what it says to be.

import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'

/** The content blocks of ACP v1. */
export const CONTENT_TYPES: ReadonlySet<unknown> = new Set(['text', 'image', 'audio', 'resource_link', 'resource'])

const MIME = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:;.{0,200})?$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** What is wrong with the block, for people; undefined when nothing is. */
export function problemOf(block: JsonObject): string | undefined {
  const { type, text, uri } = block
  if (typeof type !== 'string') return 'has no type'
  if (type === 'text' && typeof text !== 'string') return 'has no text'
  if (type === 'resource_link') return linkProblem(block, uri)
  if (type === 'resource') return resourceProblem(block['resource'])
  if (type === 'image' || type === 'audio') return mediaProblem(type, block)
  return undefined
}

/** Characters of attached data: bounded apart from what is written. */
export function attachedChars(block: JsonObject): number {
  const { data, resource } = block
  const blob = isJsonObject(resource) ? resource['blob'] : undefined
  return (typeof data === 'string' ? data.length : 0) + (typeof blob === 'string' ? blob.length : 0)
}

function linkProblem({ mimeType }: JsonObject, uri: unknown): string | undefined {
  if (typeof uri !== 'string' || uri === '') return 'has no uri'
  return mimeProblem(mimeType)
}

function mediaProblem(type: 'image' | 'audio', { data, mimeType }: JsonObject): string | undefined {
  if (typeof mimeType !== 'string') return 'has no mimeType'
  if (!MIME.test(mimeType) || !mimeType.toLowerCase().startsWith(`${type}/`)) return `has a mimeType that is no ${type}`
  if (typeof data !== 'string' || data === '') return 'has no data'
  return isBase64(data) ? undefined : 'has data that is not base64'
}

function resourceProblem(resource: unknown): string | undefined {
  if (!isJsonObject(resource)) return 'has no resource'
  const { uri, text, blob, mimeType } = resource
  if (typeof uri !== 'string' || uri === '') return 'has a resource without a uri'
  if (typeof text === 'string') return mimeProblem(mimeType)
  if (typeof blob !== 'string') return 'has a resource with neither text nor blob'
  return isBase64(blob) ? mimeProblem(mimeType) : 'has a blob that is not base64'
}

function mimeProblem(mimeType: unknown): string | undefined {
  const isGood = mimeType === undefined || mimeType === null || (typeof mimeType === 'string' && MIME.test(mimeType))
  return isGood ? undefined : 'has a mimeType that is none'
}

/** Padded and without line breaks, as JSON carries it. */
function isBase64(data: string): boolean {
  return data.length % 4 === 0 && BASE64.test(data)
}
