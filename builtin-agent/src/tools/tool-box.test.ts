// Which names the model is offered.

import { expect, test } from 'vitest'

import { readTool } from './read.ts'
import { ToolBox } from './tool-box.ts'

test('tools of servers get names of their own, within what providers take, and each is found by it', () => {
  const long = `far__${'x'.repeat(59)}`
  const more = [readTool, { ...readTool, name: long }, { ...readTool, name: long, kind: 'other' as const }]
  const box = new ToolBox(more)
  const names = box.offered('code').map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.slice(-3)).toEqual(['read_2', long, `${long.slice(0, 62)}_2`])
  expect(box.find(names.at(-1)!)?.kind).toBe('other')
})
