// Many rounds of a turn that outlives its gateway, on one session of one agent: the scripted one, or a real one from npm.

import { seededRandom } from '../../model/random.ts'
import { startFakeLlm } from '../../_support/fake-llm/server.ts'
import { TestGateway } from '../../_support/test-gateway.ts'
import { createHome, REAL_AGENTS } from '../../real-agents/agents.ts'
import { installRealAgents } from '../../real-agents/install.ts'
import { surviveRound } from './round.ts'

export interface SurvivalOptions {
  readonly rounds: number
  readonly seed: number
  /** `scripted`, or the id of a real agent. */
  readonly agent: string
  onRound?(round: number, hits: number): void
}

export interface SurvivalTotals {
  readonly rounds: number
  readonly kills: number
  /** Kills that met a running turn. */
  readonly hits: number
  readonly events: number
}

interface Subject {
  readonly gateway: TestGateway
  readonly prompt: string
  readonly text: string | undefined
  readonly withinMs: number
  /** Rejects when the agent did not see what it should have seen. */
  check(rounds: number): Promise<void>
}

/** Rejects with the first promise that was broken, and its round. */
export async function runSurvival({ rounds, seed, agent, onRound }: SurvivalOptions): Promise<SurvivalTotals> {
  await using stack = new AsyncDisposableStack()
  const { gateway, prompt, text, withinMs, check } = await openSubject(agent, stack)
  const session = await gateway.newSession(agent)
  await gateway.ask(session, 'warm')
  const { agent_pid: pid } = await gateway.client.getSession(session)
  const random = seededRandom(seed)
  const totals = { rounds, kills: 0, hits: 0, events: 0 }
  for (let i = 1; i <= rounds; i++) {
    const kills = 1 + random.int(2)
    const { hits, events } = await surviveRound({ gateway, session, random, prompt, text, kills, withinMs }).catch(
      (cause: unknown) => {
        throw new Error(`round ${i}: ${String(cause)}`, { cause })
      },
    )
    totals.kills += kills
    totals.hits += hits
    totals.events += events.length
    onRound?.(i, totals.hits)
  }
  const { agent_pid: last } = await gateway.client.getSession(session)
  if (last !== pid) throw new Error(`the agent was process ${pid} and is ${last}`)
  await check(rounds)
  return totals
}

async function openSubject(agent: string, stack: AsyncDisposableStack): Promise<Subject> {
  if (agent !== 'scripted') return openReal(agent, stack)
  const gateway = stack.use(await TestGateway.start())
  const chunks = Array.from({ length: 60 }, (_, i) => `chunk ${i + 1} `).join('')
  return {
    gateway,
    prompt: '@chunks 60 8 @perm @chunks 60 8',
    text: `${chunks}permission: yes ${chunks}`,
    withinMs: 900,
    check: (rounds) => checkScripted(gateway, rounds),
  }
}

async function checkScripted(gateway: TestGateway, rounds: number): Promise<void> {
  const received = await gateway.received('recv')
  if (received.length !== rounds + 1)
    throw new Error(`${received.length} prompts reached the agent, ${rounds + 1} were sent`)
  const answers = await gateway.received('permission')
  const yes = answers.filter(({ optionId }) => optionId === 'yes')
  if (answers.length !== rounds || yes.length !== rounds) throw new Error(`answers: ${JSON.stringify(answers)}`)
  if ((await gateway.received('start')).length !== 1) throw new Error('the agent was started more than once')
}

/** Its model streams slowly; what its text is, it says itself, so that the same turn undisturbed is the measure. */
async function openReal(id: string, stack: AsyncDisposableStack): Promise<Subject> {
  const agent = REAL_AGENTS.find((each) => each.id === id)
  if (agent === undefined)
    throw new Error(`there is no agent ${id}; there are scripted, ${REAL_AGENTS.map((each) => each.id).join(', ')}`)
  await installRealAgents()
  const llm = stack.use(await startFakeLlm({ tokensMax: 60, everyMs: 25 }))
  const home = stack.use(await createHome(agent))
  const { argv, env } = await agent.prepare(home.path, llm.url)
  const gateway = stack.use(await TestGateway.start({ agents: { [id]: { command: argv, env } } }))
  const prompt = '@slow'
  const session = await gateway.newSession(id)
  await gateway.ask(session, 'warm')
  const before = (await gateway.text(session)).length
  const undisturbed = await gateway.ask(session, prompt)
  if (undisturbed.state !== 'completed') throw new Error(`undisturbed, the turn is ${undisturbed.state}`)
  const text = (await gateway.text(session)).slice(before)
  await gateway.client.closeSession(session)
  return { gateway, prompt, text, withinMs: 1_500, check: () => Promise.resolve() }
}
