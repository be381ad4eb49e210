// What an agent can be given besides MCP servers on stdio, and whether it forks, as it said when it was connected last.

import type { SessionRecord } from '../../store/records.ts'

export interface Reach {
  readonly http: boolean
  readonly sse: boolean
  readonly additionalDirectories: boolean
  readonly fork: boolean
}

/** Undefined before any agent of the session was ready. */
export function reachOf({ agentCapabilities }: Pick<SessionRecord, 'agentCapabilities'>): Reach | undefined {
  if (agentCapabilities === undefined) return undefined
  const {
    mcp,
    additionalDirectories = false,
    fork,
  } = JSON.parse(agentCapabilities) as {
    readonly mcp?: { readonly http?: boolean; readonly sse?: boolean }
    readonly additionalDirectories?: boolean
    readonly fork?: boolean
  }
  return { http: mcp?.http === true, sse: mcp?.sse === true, additionalDirectories, fork: fork === true }
}
