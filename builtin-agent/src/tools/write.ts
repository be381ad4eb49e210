// The tools that change files: write (the whole text) and edit (one text for another). Shown as a diff before anything happens.

import type { JsonObject } from '../../../src/base/json.ts'
import { type Ground, stringArg } from './ground.ts'
import { changeOf, readingOf } from './outside.ts'
import type { Place } from './roots.ts'
import { diffContent, type PreparedCall, type Tool, ToolFailure } from './tool.ts'

const PATH = { type: 'string', description: 'Absolute, or relative to the working directory' }

export const writeTool: Tool = {
  name: 'write',
  description: 'Writes a whole file: a new one, or in place of what it had. Directories are made.',
  parameters: {
    type: 'object',
    properties: { path: PATH, content: { type: 'string', description: 'The whole text' } },
    required: ['path', 'content'],
  },
  kind: 'edit',
  offeredIn: 'unlessPlanning',
  title: (args) => `Write ${stringArg(args, 'path')}`,
  async prepare(args, ground) {
    const place = await ground.roots.find(stringArg(args, 'path'))
    return askedFirst(place, ground, async () => {
      const before = await ground.readText(place.path, 'change')
      const change = { ...place, before, after: stringArg(args, 'content') }
      return changing(change, ground, before === undefined ? 'Create' : 'Write')
    })
  },
}

export const editTool: Tool = {
  name: 'edit',
  description:
    "Replaces 'old_string' in a file by 'new_string'. It must be there exactly once, whitespace included, unless 'replace_all' is true.",
  parameters: {
    type: 'object',
    properties: {
      path: PATH,
      old_string: { type: 'string', description: 'What is there now, exactly' },
      new_string: { type: 'string', description: 'What is to be there' },
      replace_all: { type: 'boolean', description: 'Replace it everywhere' },
    },
    required: ['path', 'old_string', 'new_string'],
  },
  kind: 'edit',
  offeredIn: 'unlessPlanning',
  title: (args) => `Edit ${stringArg(args, 'path')}`,
  async prepare(args, ground) {
    const place = await ground.roots.find(stringArg(args, 'path'))
    return askedFirst(place, ground, async () => {
      const before = await ground.readText(place.path, 'change')
      if (before === undefined) throw new ToolFailure(`There is no file ${place.path}.`)
      return changing({ ...place, before, after: replaced(before, args) }, ground, 'Edit')
    })
  },
}

/** Why it cannot be changed says something about the file: outside, somebody must allow to read there before the model hears it. */
async function askedFirst(place: Place, ground: Ground, look: () => Promise<PreparedCall>): Promise<PreparedCall> {
  const { path, isInside } = place
  try {
    return await look()
  } catch (error) {
    if (isInside || !(error instanceof ToolFailure)) throw error
    const title = `Read ${ground.roots.show(path)}`
    return { title, locations: [{ path }], ...readingOf(path, isInside), run: () => Promise.reject(error) }
  }
}

interface Change extends Place {
  readonly before: string | undefined
  readonly after: string
}

function changing({ path, isInside, before, after }: Change, ground: Ground, verb: string): PreparedCall {
  if (before === after) throw new ToolFailure(`${path} has that text already.`)
  const content = [diffContent(path, before, after)]
  const line = before === undefined ? 1 : firstChangedLine(before, after)
  return {
    title: `${verb} ${ground.roots.show(path)}`,
    locations: [{ path, line }],
    content,
    ...changeOf(path, isInside),
    run: async () => {
      // Somebody may have thought about it for long: what was shown is what happens, or nothing.
      const { path: now } = await ground.roots.find(path)
      if (now !== path || (await ground.readText(path, 'change')) !== before)
        throw new ToolFailure(`${path} has changed since it was shown. Read it again.`)
      await ground.writeText(path, after)
      return { text: `${before === undefined ? 'Created' : 'Changed'} ${ground.roots.show(path)}.`, content }
    },
  }
}

function replaced(before: string, args: JsonObject): string {
  const { old, next } = withLineEndsOf(before, stringArg(args, 'old_string'), stringArg(args, 'new_string'))
  if (old === '') throw new ToolFailure("'old_string' is empty; use 'write' for a whole file.")
  const parts = before.split(old)
  if (parts.length === 1) throw new ToolFailure("'old_string' is not in the file. Read the file and copy it exactly.")
  if (parts.length > 2 && args['replace_all'] !== true)
    throw new ToolFailure(`'old_string' is there ${parts.length - 1} times; give more of its surroundings.`)
  return parts.join(next)
}

/** Models write LF. In a file whose lines all end with CR LF that means the same, and the file keeps its line ends. */
function withLineEndsOf(file: string, old: string, next: string): { readonly old: string; readonly next: string } {
  const isCrLf = file.includes('\r\n') && !/(?<!\r)\n/.test(file)
  if (!isCrLf || old.includes('\r') || next.includes('\r')) return { old, next }
  return { old: old.replaceAll('\n', '\r\n'), next: next.replaceAll('\n', '\r\n') }
}

function firstChangedLine(before: string, after: string): number {
  let line = 1
  for (let at = 0; at < before.length && before[at] === after[at]; at++) if (before[at] === '\n') line++
  return line
}
