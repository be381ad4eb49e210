// Which tools a session offers, by its mode, in the shape that the agent loop wants.

import type { AgentTool, AgentToolResult } from '@earendil-works/pi-agent-core'

import type { JsonObject } from '../../../src/base/json.ts'
import type { ModeId } from '../session/modes.ts'
import type { CallView } from './call-view.ts'
import { finishPlanTool, planTool } from './plan.ts'
import { readTool } from './read.ts'
import { findTool, searchTool } from './search.ts'
import { shellTool } from './shell/shell.ts'
import type { Tool } from './tool.ts'
import type { CallResult } from './tool-runner.ts'
import { editTool, writeTool } from './write.ts'

const OWN: readonly Tool[] = [readTool, findTool, searchTool, editTool, writeTool, shellTool, planTool, finishPlanTool]

/** Of providers. */
export const NAME_CHARS_MAX = 64

/** What the loop keeps with the result of a call. */
export interface CallDetails {
  readonly view: CallView
}

/** Runs a call that the loop knows by the model's id. */
export type RunCall = (tool: Tool, id: string, args: JsonObject, signal: AbortSignal) => Promise<CallResult>

export class ToolBox {
  readonly #tools: readonly Tool[]

  /** `more`: of the client's own servers. A name that is taken gets a number: no model takes two tools of one name. */
  constructor(more: readonly Tool[] = []) {
    const tools = [...OWN]
    for (const tool of more) tools.push({ ...tool, name: freeName(tool.name, tools) })
    this.#tools = tools
  }

  find(name: string): Tool | undefined {
    return this.#tools.find((tool) => tool.name === name)
  }

  offered(mode: ModeId): readonly Tool[] {
    const other = mode === 'plan' ? 'whilePlanning' : 'unlessPlanning'
    return this.#tools.filter(({ offeredIn }) => offeredIn === 'always' || offeredIn === other)
  }

  forLoop(mode: ModeId, run: RunCall): AgentTool[] {
    return this.offered(mode).map((tool) => ({
      name: tool.name,
      label: tool.name,
      description: tool.description,
      parameters: tool.parameters,
      executionMode: 'sequential',
      execute: async (id, args, signal) =>
        resultOf(await run(tool, id, args as JsonObject, signal ?? new AbortController().signal)),
    }))
  }
}

function freeName(name: string, tools: readonly Tool[]): string {
  const isTaken = (wanted: string): boolean => tools.some((tool) => tool.name === wanted)
  let free = name
  for (let n = 2; isTaken(free); n++) free = `${name.slice(0, NAME_CHARS_MAX - String(n).length - 1)}_${n}`
  return free
}

function resultOf({ text, images, view, endsTurn }: CallResult): AgentToolResult<CallDetails> {
  return {
    content: [{ type: 'text', text }, ...images.map((image) => ({ type: 'image' as const, ...image }))],
    details: { view },
    ...(endsTurn ? { terminate: true } : {}),
  }
}
