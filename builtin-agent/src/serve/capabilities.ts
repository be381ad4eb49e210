// What this agent says of itself in `initialize`. Everything here works; what is not here is refused.

import type { JsonObject } from '../../../src/base/json.ts'
import { type AgentSettings, KEY_VARIABLES } from '../settings.ts'

export const PROTOCOL_VERSION = 1

export const AUTH_METHOD = 'environment'

export function initializeResult(version: string): JsonObject {
  return {
    protocolVersion: PROTOCOL_VERSION,
    agentCapabilities: {
      loadSession: true,
      promptCapabilities: { image: true, audio: false, embeddedContext: true },
      mcpCapabilities: { http: true, sse: false },
      sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {}, fork: {}, additionalDirectories: {} },
    },
    agentInfo: { name: 'holdfast-agent', title: 'Holdfast agent', version },
    authMethods: [
      {
        id: AUTH_METHOD,
        name: 'Key in the environment',
        description: `Start the agent with ${keyVariables()}, or with HOLDFAST_AGENT_BASE_URL for a server of your own. Without any of them it answers by fixed rules, offline.`,
      },
    ],
  }
}

/** Whether there is something to authenticate with; the environment of a process does not change. */
export function hasAccess({ providers, local }: AgentSettings): boolean {
  return local !== undefined || Object.keys(providers).length > 0
}

export function keyVariables(): string {
  const names = Object.values(KEY_VARIABLES).map((variables) => variables[0])
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
