// An agent of ACP v2 that is a function: what it answers to the handshake, and its messages in short.

import { FakeProcess, result } from './fake-process.ts'
import type { Answering } from './fake-process.ts'
import type { AgentListener } from '../../src/agent/connection.ts'
import type { Json, JsonObject } from '../../src/base/json.ts'

export const V2_INFO = { name: 'fake', version: '1' }

/** Answers the handshake and what opens a session; everything else goes to `rest`. */
export function politeV2(rest: Answering = () => {}, opened: JsonObject = {}): Answering {
  return (message, process) => {
    const { method } = message
    if (method === 'initialize')
      return process.tell(result(message, { protocolVersion: 2, info: V2_INFO, capabilities: { session: {} } }))
    if (method === 'session/new') return process.tell(result(message, { sessionId: 's1', ...opened }))
    rest(message, process)
  }
}

/** A `session/update` of the session s1. */
export function said(sessionUpdate: string, fields: JsonObject = {}): JsonObject {
  return { jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's1', update: { sessionUpdate, ...fields } } }
}

export const running = said('state_update', { state: 'running' })

export function idle(stopReason: string | null = 'end_turn', more: JsonObject = {}): JsonObject {
  return said('state_update', { state: 'idle', stopReason, ...more })
}

export function text(words: string): JsonObject {
  return { type: 'text', text: words }
}

export function answer(id: string, value: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, result: value }
}

/** Everything that a listener is told but for ends of batches and states: an update as it came, anything else as a short line. */
export function v2Recorder(): { told: Json[]; lines: number[]; listener: AgentListener } {
  const told: Json[] = []
  const lines: number[] = []
  const listener: AgentListener = {
    update(data, line) {
      const update = JSON.parse(data) as JsonObject
      lines.push(line)
      if (update['sessionUpdate'] !== 'state_update') told.push(update)
    },
    answered(turnId, ended, line) {
      lines.push(line)
      told.push(`${turnId} ${ended.kind === 'stopped' ? ended.stopReason : ended.error.code}`)
    },
    permissionAsked: ({ requestId, toolCall }) => told.push(`asked ${requestId}`, JSON.parse(toolCall) as Json),
    elicitationAsked: ({ requestId, elicitation }) => told.push(`question ${requestId} ${elicitation.mode}`),
    elicitationCompleted: (id) => told.push(`completed ${id}`),
    described: (update) => told.push(`described ${JSON.stringify(update['sessionUpdate'])}`),
    controlled: (no, { kind }) => told.push(`${kind} ${no}`),
    extension: (data) => told.push(`extension ${data}`),
    requestCancelled: (requestId) => told.push(`withdrawn ${requestId}`),
    warning: (data) => told.push(`warning ${data}`),
    alive: () => {},
    lost: (error) => told.push(`lost ${error.code}`),
    batchEnd: () => {},
  }
  return { told, lines, listener }
}

export { FakeProcess, result }
