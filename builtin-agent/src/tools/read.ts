// The tool that reads a file: numbered lines of a text, or an image for a model that takes images.

import { extname } from 'node:path'

import { readBytes } from './disk.ts'
import { type Ground, numberArg, stringArg } from './ground.ts'
import { imageTypeOf } from './image-type.ts'
import { readingOf } from './outside.ts'
import { type PreparedCall, type Tool, ToolFailure, type ToolOutcome } from './tool.ts'
import { cutText } from './cut-text.ts'

const LINES_MAX = 2_000
const IMAGE_NAMES: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg', '.gif', '.webp'])

export const readTool: Tool = {
  name: 'read',
  description: `Reads a file: text with line numbers, at most ${LINES_MAX} lines from 'offset' on, or an image.`,
  parameters: {
    type: 'object',
    properties: {
      path: { type: 'string', description: 'Absolute, or relative to the working directory' },
      offset: { type: 'integer', minimum: 1, description: 'First line, from 1' },
      limit: { type: 'integer', minimum: 1, description: 'Number of lines' },
    },
    required: ['path'],
  },
  kind: 'read',
  offeredIn: 'always',
  title: (args) => `Read ${stringArg(args, 'path')}`,
  prepare,
}

async function prepare(args: Parameters<Tool['prepare']>[0], ground: Ground): Promise<PreparedCall> {
  const { path, isInside } = await ground.roots.find(stringArg(args, 'path'))
  const from = numberArg(args, 'offset') ?? 1
  const limit = Math.min(numberArg(args, 'limit') ?? LINES_MAX, LINES_MAX)
  return {
    title: `Read ${ground.roots.show(path)}`,
    locations: [{ path, line: from }],
    ...readingOf(path, isInside),
    run: async () => {
      if (IMAGE_NAMES.has(extname(path).toLowerCase())) return readImage(path, ground)
      const text = await ground.readText(path, 'show')
      if (text === undefined) throw new ToolFailure(`There is no file ${path}.`)
      return { text: numbered(text, from, limit) }
    },
  }
}

async function readImage(path: string, { takesImages }: Ground): Promise<ToolOutcome> {
  if (!takesImages) throw new ToolFailure(`${path} is an image, and this model does not take images.`)
  const bytes = await readBytes(path)
  if (bytes === undefined) throw new ToolFailure(`There is no file ${path}.`)
  const mimeType = imageTypeOf(bytes)
  if (mimeType === undefined) throw new ToolFailure(`${path} has the name of an image, and is none.`)
  return { text: `The image ${path}, ${bytes.length} bytes.`, images: [{ data: bytes.toString('base64'), mimeType }] }
}

function numbered(text: string, from: number, limit: number): string {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (lines.length === 0) return 'The file is empty.'
  if (from > lines.length) return `The file has ${lines.length} lines only.`
  const part = lines.slice(from - 1, from - 1 + limit)
  const shown = part.map((line, n) => `${from + n}\t${line}`).join('\n')
  const rest = lines.length - (from - 1 + part.length)
  return cutText(rest > 0 ? `${shown}\n… ${rest} more lines; read on with offset ${from + part.length}.` : shown)
}
