// The life of a call where the mode changes under it.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openGround } from '../../../test/_support/tool-ground.ts'
import type { ModeId } from '../session/modes.ts'
import { PermissionGate } from './permission-gate.ts'
import { ToolRunner } from './tool-runner.ts'
import { writeTool } from './write.ts'

test.each([
  ['before it was asked for', 'plan', 0],
  ['while somebody thought about it, who then allowed it', 'ask', 1],
] as const)('a change is not made when planning began %s', async (_, first, asked) => {
  await using at = await openGround()
  let mode: ModeId = first
  let questions = 0
  const gate = new PermissionGate(async () => {
    questions++
    mode = 'plan'
    return { outcome: { outcome: 'selected', optionId: 'allow' } }
  })
  const runner = new ToolRunner({ ground: at.ground, gate, mode: () => mode, update: () => {} })
  const call = { toolCallId: 't', args: { path: 'f', content: 'x' } }
  const { view, text } = await runner.run(writeTool, call, new AbortController().signal)
  expect([view.status, text]).toEqual(['failed', expect.stringContaining('only plans now')])
  expect(questions).toBe(asked)
  await expect(stat(join(at.cwd, 'f'))).rejects.toThrow('ENOENT')
})
