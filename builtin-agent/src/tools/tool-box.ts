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

/** What the loop keeps with the result of a call. */
export interface CallDetails {
  readonly view: CallView
}

/** Runs a call that the loop knows by the model's id. */
export type RunCall = (tool: Tool, id: string, args: JsonObject, signal: AbortSignal) => Promise<CallResult>

export class ToolBox {
  readonly #tools: readonly Tool[]

  /** `more`: of the client's own servers; one that has the name of ours is left out. */
  constructor(more: readonly Tool[] = []) {
    const own = new Set(OWN.map(({ name }) => name))
    this.#tools = [...OWN, ...more.filter(({ name }) => !own.has(name))]
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

function resultOf({ text, images, view, endsTurn }: CallResult): AgentToolResult<CallDetails> {
  return {
    content: [{ type: 'text', text }, ...images.map((image) => ({ type: 'image' as const, ...image }))],
    details: { view },
    ...(endsTurn ? { terminate: true } : {}),
  }
}
