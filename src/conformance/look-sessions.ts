// Looks at what can be done with sessions: listed, closed, forked, gone on with, their modes and config options set.

import { narrowControls } from '../acp/session-controls.ts'
import type { Controls } from '../acp/session-controls.ts'
import { narrowSessionList } from '../acp/session-list.ts'
import { narrowNewSession, narrowOpenedSession } from '../acp/session-results.ts'
import { HoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { Bench } from './bench.ts'
import { openSession } from './look-handshake.ts'
import { lookAtMemory } from './look-turns.ts'
import { failed, NOT_ADVERTISED, yes } from './report.ts'
import type { Seen } from './report.ts'

const PAGES_MAX = 50

/** The session has to be among those of its directory. */
export async function lookAtList(bench: Bench, sessionId: string): Promise<Seen> {
  const { isListed, count } = await searchList(bench, sessionId)
  return isListed ? yes('the session is on its list') : failed(`the session is not among the ${count} on its list`)
}

/** Page by page, as far as it goes; a list that does not end counts as one without the session. AGENT_PROTOCOL_ERROR for what is no list. */
async function searchList(
  { agent, cwd, options }: Bench,
  sessionId: string,
): Promise<{ isListed: boolean; count: number }> {
  let cursor: string | undefined
  let count = 0
  for (let page = 0; page < PAGES_MAX; page++) {
    const params = { cwd, ...(cursor === undefined ? {} : { cursor }) }
    const listed = narrowSessionList(await agent.ask('session/list', params, options))
    if (listed === undefined)
      throw new HoldfastError('AGENT_PROTOCOL_ERROR', { agent: 'agent', reason: 'the answer has no list' })
    count += listed.sessions.length
    if (listed.sessions.some((each) => each.sessionId === sessionId)) return { isListed: true, count }
    cursor = listed.nextCursor
    if (cursor === undefined) break
  }
  return { isListed: false, count }
}

/** Of a session of its own, so that the first one can be gone on with. */
export async function lookAtClose(bench: Bench): Promise<Seen> {
  const { sessionId } = await openSession(bench)
  await bench.agent.ask('session/close', { sessionId }, bench.options)
  return yes('answered')
}

/** Of a session of its own, too; where there is a list it has to be off it. */
export async function lookAtDelete(bench: Bench, hasList: boolean): Promise<Seen> {
  const { sessionId } = await openSession(bench)
  await bench.agent.ask('session/delete', { sessionId }, bench.options)
  if (!hasList) return yes('answered')
  const { isListed } = await searchList(bench, sessionId)
  return isListed ? failed('it is still on its list') : yes('it is on no list any more')
}

/** The fork has an id of its own and knows what was said before it. */
export async function lookAtFork(bench: Bench, sessionId: string): Promise<Seen> {
  const { agent, cwd, options } = bench
  const result = await agent.ask('session/fork', { sessionId, cwd, mcpServers: [] }, options)
  const answer = narrowNewSession(result, 'session/fork')
  if (answer.kind === 'malformed') return failed(answer.reason)
  const fork = answer.value.sessionId
  return fork === sessionId ? failed('the fork has the id of its origin') : lookAtMemory(bench, fork)
}

/** In another process than the one that has the conversation from before. */
export async function lookAtReturn(bench: Bench, sessionId: string, how: 'load' | 'resume'): Promise<Seen> {
  const { agent, cwd, options } = bench
  const method = `session/${how}` as const
  const answer = narrowOpenedSession(method, await agent.ask(method, { sessionId, cwd, mcpServers: [] }, options))
  return answer.kind === 'malformed' ? failed(answer.reason) : lookAtMemory(bench, sessionId)
}

/** Set to what it is: agents remember choices, and a report changes nothing that outlives it. */
export async function lookAtModes({ agent, options }: Bench, sessionId: string, controls: Controls): Promise<Seen> {
  const { modes } = controls
  if (modes === undefined) return NOT_ADVERTISED
  const modeId = modes.current
  if (modeId === undefined) return failed('it does not say which mode is set')
  const names = modes.available.map(({ id }) => id)
  if (!names.includes(modeId)) return failed(`mode ${modeId} is set and not one of ${names.join(', ')}`)
  await agent.ask('session/set_mode', { sessionId, modeId }, options)
  return yes(names.join(', '))
}

/** As `lookAtModes`; the answer has to show the value. */
export async function lookAtConfig({ agent, options }: Bench, sessionId: string, controls: Controls): Promise<Seen> {
  const config = controls.config ?? []
  const option = config.find(({ type }) => type === 'select')
  if (option === undefined) return config.length === 0 ? NOT_ADVERTISED : yes(namesOf(controls))
  const { id: configId, current: value } = option
  const result = await agent.ask('session/set_config_option', { sessionId, configId, value }, options)
  const after = isJsonObject(result) ? narrowControls(result).config : undefined
  if (after === undefined) return failed('the answer to set_config_option has no options')
  const shown = after.find(({ id }) => id === configId)?.current
  return shown === value ? yes(namesOf(controls)) : failed(`${configId} was set to ${value} and is ${String(shown)}`)
}

function namesOf({ config = [] }: Controls): string {
  return config.map(({ id }) => id).join(', ')
}
