// What an agent does beyond a day of work, each in a session of its own: a tool of an MCP server, a second directory, files through
// the gateway, the version of ACP that it chooses, and what is seen when nobody has logged in to it.

import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { SessionDetail } from '../../../src/wire/session.ts'
import type { TurnView } from '../../../src/wire/turn.ts'
import type { TestGateway } from '../../_support/test-gateway.ts'
import { until } from '../../_support/until.ts'
import { answerUntilEnd, failed, FURTHER_STEPS, no, timed, TURN_MS, yes } from './step.ts'
import type { Seen, Step, StepResult } from './step.ts'

/** Without a network nobody answers: some agents try for long. */
const UNANSWERED_MS = 20_000

/** The name of the MCP server in the configuration of the gateway. */
export const MCP_SERVER = 'probe'

/** Names of the agent's definitions in the configuration of the gateway. */
export interface FurtherRun {
  readonly gateway: TestGateway
  readonly agent: string
  /** Is offered files and terminals; its requests are in `tapped`. */
  readonly withFiles: string
  readonly tapped: string
  /** There when it has started the MCP server. */
  readonly startedMcp: string
  /** Is offered version 2 first. */
  readonly choosing: string
  /** Has neither login nor network. */
  readonly loggedOut: string
}

type FurtherStep = (typeof FURTHER_STEPS)[number]

export async function* furtherSteps(
  run: FurtherRun,
  steps: readonly Step[] = FURTHER_STEPS,
): AsyncGenerator<StepResult> {
  const works: Readonly<Record<FurtherStep, () => Promise<Seen>>> = {
    mcp: () => usesMcpTool(run),
    directory: () => writesElsewhere(run),
    fork: () => forks(run),
    delete: () => deletes(run),
    files: () => asksForFiles(run),
    version: () => chooses(run),
    login: () => wantsLogin(run),
  }
  for (const step of FURTHER_STEPS) if (steps.includes(step)) yield await timed(step, works[step])
}

interface Asked {
  readonly session: string
  readonly turn: TurnView
  readonly text: string
}

/** Prompts in a session of its own, which is closed before this settles; what the last one asks for is allowed. */
async function inOwnSession(
  { gateway }: FurtherRun,
  { agent, more, first, prompt }: { agent: string; more?: object; first?: string; prompt: string },
  look: (asked: Asked) => Promise<Seen> | Seen,
): Promise<Seen> {
  const session = await gateway.newSession(agent, more)
  try {
    if (first !== undefined) await gateway.ask(session, first)
    const accepted = await gateway.client.prompt(session, { prompt })
    await answerUntilEnd(gateway, { session, turn: accepted.turn.id, answer: 'allow' })
    const turn = await gateway.client.getTurn(session, accepted.turn.id)
    return await look({ session, turn, text: await gateway.text(session) })
  } finally {
    await gateway.client.closeSession(session)
  }
}

/** In the second turn: some agents connect to the server in the background. */
function usesMcpTool(run: FurtherRun): Promise<Seen> {
  const ask = { agent: run.agent, more: { mcp_servers: [MCP_SERVER] }, first: 'hello', prompt: '@use word {}' }
  return inOwnSession(run, ask, ({ turn, text }) => {
    if (text.includes('tangerine')) return yes('its tool was called')
    if (isUnsupported(turn)) return no('not advertised')
    const started = existsSync(run.startedMcp)
    if (turn.state === 'completed' && !started) return no('it does not start the server')
    return failed(`${ending(turn)}; the server was ${started ? '' : 'not '}started: ${text.slice(0, 200)}`)
  })
}

async function writesElsewhere(run: FurtherRun): Promise<Seen> {
  const directory = join(run.gateway.home, 'elsewhere')
  await mkdir(directory, { recursive: true })
  const file = join(directory, `${run.agent}.txt`)
  const ask = {
    agent: run.agent,
    more: { additional_directories: [directory] },
    prompt: `@tool write ${file} written-by-agent`,
  }
  return inOwnSession(run, ask, ({ turn, text }) => {
    if (isUnsupported(turn)) return no('not advertised')
    return existsSync(file) ? yes('it writes there') : failed(`${ending(turn)}, no file: ${text.slice(0, 200)}`)
  })
}

async function forks(run: FurtherRun): Promise<Seen> {
  const { gateway, agent } = run
  return inOwnSession(run, { agent, prompt: 'the word is heliotrope' }, async ({ session, turn }) => {
    if (turn.state !== 'completed') return failed(ending(turn))
    const { session: fork } = await gateway.client.forkSession(session).catch(unlessUnsupported)
    if (fork === undefined) return no('not advertised')
    const { turn: asked } = await gateway.client.prompt(fork.id, { prompt: '@recall' })
    const { state } = await gateway.ended(fork.id, asked.id, TURN_MS)
    const text = await textOfTurn(gateway, fork.id, asked.id)
    await gateway.client.closeSession(fork.id)
    return text.includes('heliotrope')
      ? yes('it knows what was said')
      : failed(`${state}, it does not know it: ${text}`)
  })
}

async function deletes(run: FurtherRun): Promise<Seen> {
  const { gateway, agent } = run
  return inOwnSession(run, { agent, prompt: 'hello' }, async ({ session, turn }) => {
    if (turn.state !== 'completed') return failed(ending(turn))
    const { agent_session_id: own } = await gateway.client.getSession(session)
    const query = { delete_conversation: true }
    const { conversation_deleted: isDeleted } = await gateway.client
      .closeSession(session, query)
      .catch(unlessUnsupported)
    if (isDeleted === undefined) return no('not advertised')
    if (!isDeleted) return failed('it was not deleted')
    const { sessions = [] } = await gateway.client
      .listAgentSessions(agent, { cwd: gateway.workspace })
      .catch(unlessUnsupported)
    const isListed = sessions.some((each) => each.agent_session_id === own)
    return isListed ? failed('it is still on its list') : yes('deleted')
  })
}

/** An empty answer for what the agent does not advertise. */
function unlessUnsupported(error: unknown): Record<string, undefined> {
  if ((error as { code?: string }).code === 'AGENT_UNSUPPORTED') return {}
  throw error
}

async function textOfTurn(gateway: TestGateway, session: string, turn: string): Promise<string> {
  const chunks = (await gateway.events(session)).filter((event) => event.turn_id === turn)
  const texts = chunks.map(({ data }) => (data as { content?: { text?: string } }).content?.text ?? '')
  return texts.join('').slice(0, 200)
}

async function asksForFiles(run: FurtherRun): Promise<Seen> {
  const file = join(run.gateway.workspace, 'by-the-gateway.txt')
  const ask = { agent: run.withFiles, prompt: `@tool write ${file} written-by-agent` }
  return inOwnSession(run, ask, ({ turn, text }) => {
    const asked = [...new Set(linesOf(run.tapped).filter((method) => /^(fs|terminal)\//.test(method)))].toSorted()
    const how = asked.length === 0 ? 'it asks for none' : asked.join(', ')
    if (!existsSync(file)) return failed(`${ending(turn)}, no file; ${how}: ${text.slice(0, 200)}`)
    return asked.some((method) => method.startsWith('fs/')) ? yes(how) : no(how)
  })
}

async function chooses(run: FurtherRun): Promise<Seen> {
  return inOwnSession(run, { agent: run.choosing, prompt: 'hello' }, async ({ session, turn }) => {
    const { protocol_version: version } = await run.gateway.client.getSession(session)
    return turn.state === 'completed' ? yes(`${version}`) : failed(`version ${version}, ${ending(turn)}`)
  })
}

/** Held for a login, with what helps; `no`: it takes the prompt all the same. */
async function wantsLogin({ gateway, loggedOut }: FurtherRun): Promise<Seen> {
  const session = await gateway.newSession(loggedOut)
  try {
    const { turn } = await gateway.client.prompt(session, { prompt: 'hello' })
    let { blocked } = await gateway.client.getSession(session)
    let now = turn
    let takenAt = Infinity
    const isOver = async (): Promise<boolean> => {
      now = await gateway.client.getTurn(session, turn.id)
      blocked = (await gateway.client.getSession(session)).blocked
      if (now.dispatched_at !== null && now.outcome === null) takenAt = Math.min(takenAt, performance.now())
      return now.outcome !== null || blocked !== null || performance.now() > takenAt + UNANSWERED_MS
    }
    await until(isOver, { ms: TURN_MS, what: () => 'the agent starts, or says that it wants a login' })
    if (blocked?.reason === 'login_required') return yes(loginOf(blocked))
    const text = (await gateway.text(session)).replaceAll(/\s+/g, ' ').slice(0, 160)
    if (now.outcome === null) return no(`takes the prompt, no answer in ${UNANSWERED_MS / 1000} s`)
    return now.state === 'completed' ? no(`answers: ${text}`) : failed(`${ending(now)} ${text}`)
  } finally {
    await gateway.client.closeSession(session)
  }
}

function loginOf({ login }: NonNullable<SessionDetail['blocked']>): string {
  const ways = login?.methods.map(({ id, kind }) => `${id} (${kind})`).join(', ') ?? ''
  return ways === '' ? 'waits; it tells of no way to log in' : `waits; it tells of ${ways}`
}

function isUnsupported({ outcome }: TurnView): boolean {
  return outcome?.error?.code === 'EQUIPMENT_UNSUPPORTED'
}

function ending({ state, outcome }: TurnView): string {
  const error = outcome?.error
  const said = (error?.details as { stderr?: string } | undefined)?.stderr?.trim()
  return [state, ...(error ? [`${error.code}: ${error.message}`] : []), ...(said ? [`It wrote: ${said}`] : [])].join(
    ' ',
  )
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}
