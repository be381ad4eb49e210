// Agents that we did not write, from npm, against a model server on loopback, through a real gateway: answered, file written when
// allowed and not when denied, cancelled in the middle, continued after the gateway was killed.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createHome, REAL_AGENTS } from '../real-agents/agents.ts'
import type { RealAgent } from '../real-agents/agents.ts'
import { installRealAgents } from '../real-agents/install.ts'
import { startFakeLlm } from '../_support/fake-llm/server.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const INSTALL_MS = 600_000
const TEST_MS = 120_000
const WORD = 'heliotrope'

beforeAll(async () => {
  await installRealAgents()
}, INSTALL_MS)

/** One agent and one session of it, which go through all tests of the agent; a test that fails leaves them to nobody. */
class AtWork implements AsyncDisposable {
  readonly gateway: TestGateway
  readonly #agent: string
  readonly #parts: AsyncDisposable
  #session: string | undefined

  private constructor(gateway: TestGateway, agent: string, parts: AsyncDisposable) {
    this.gateway = gateway
    this.#agent = agent
    this.#parts = parts
  }

  static async start(agent: RealAgent): Promise<AtWork> {
    await using parts = new AsyncDisposableStack()
    const llm = parts.use(await startFakeLlm())
    const home = parts.use(await createHome(agent))
    const { argv, env } = await agent.prepare(home.path, llm.url)
    const gateway = parts.use(await TestGateway.start({ agents: { [agent.id]: { command: argv, env } } }))
    return new AtWork(gateway, agent.id, parts.move())
  }

  /** Its session has been told a word. When `body` fails, the error says what the log has, and the next test has a new session. */
  async do(body: (gateway: TestGateway, session: string) => Promise<void>): Promise<void> {
    const session = (this.#session ??= await this.#begin())
    try {
      await body(this.gateway, session)
    } catch (cause) {
      this.#session = undefined
      const lines = (await this.gateway.events(session)).map(({ type, data }) => `${type} ${excerpt(data)}`)
      await this.gateway.client.closeSession(session)
      throw new Error(`${String(cause)}\n${lines.join('\n')}`, { cause })
    }
  }

  async #begin(): Promise<string> {
    const session = await this.gateway.newSession(this.#agent)
    await this.gateway.ask(session, `the word is ${WORD}`)
    return session
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#parts[Symbol.asyncDispose]())
  }
}

function excerpt(data: unknown): string {
  return JSON.stringify(data).slice(0, 600)
}

/** Answers the next permission request with the first option of a kind. */
async function answerNext({ client }: TestGateway, kind: RegExp): Promise<void> {
  const open = async () => (await client.listPermissions({ state: 'open' })).permissions
  await expect.poll(open, { timeout: 60_000 }).toHaveLength(1)
  const [request] = await open()
  const options = (request?.options ?? []) as { optionId: string; kind: string }[]
  const option = options.find((each) => kind.test(each.kind))
  await client.answerPermission(request?.id ?? '', { option_id: option?.optionId ?? '' })
}

const length = async (gateway: TestGateway, session: string): Promise<number> => (await gateway.text(session)).length

for (const agent of REAL_AGENTS) {
  describe(`${agent.title}, from npm`, () => {
    let at: AtWork
    beforeAll(async () => {
      at = await AtWork.start(agent)
    }, TEST_MS)
    afterAll(() => at[Symbol.asyncDispose](), TEST_MS)

    test('answers, and stays warm for the second prompt', { timeout: TEST_MS }, () =>
      at.do(async (gateway, session) => {
        const before = await length(gateway, session)
        expect(before).toBeGreaterThan(0)
        const { agent_pid: pid } = await gateway.client.getSession(session)
        expect(await gateway.ask(session, 'hello again')).toMatchObject({
          state: 'completed',
          outcome: { stop_reason: 'end_turn' },
        })
        expect(await length(gateway, session)).toBeGreaterThan(before)
        expect((await gateway.client.getSession(session)).agent_pid).toBe(pid)
      }),
    )

    test.runIf(agent.asksPermission)('writes a file when allowed and none when denied', { timeout: TEST_MS }, () =>
      at.do(async (gateway, session) => {
        for (const { file, kind } of [
          { file: 'allowed.txt', kind: /^allow_once/ },
          { file: 'denied.txt', kind: /^reject/ },
        ]) {
          const path = join(gateway.workspace, file)
          const { turn } = await gateway.client.prompt(session, { prompt: `@tool write ${path} written-by-agent` })
          await answerNext(gateway, kind)
          await gateway.ended(session, turn.id, 60_000)
          expect(existsSync(path), file).toBe(file === 'allowed.txt')
        }
        expect(await readFile(join(gateway.workspace, 'allowed.txt'), 'utf8')).toContain('written-by-agent')
      }),
    )

    test('is cancelled in the middle of a slow answer, and answers the next prompt', { timeout: TEST_MS }, () =>
      at.do(async (gateway, session) => {
        const before = await length(gateway, session)
        const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
        await expect.poll(() => length(gateway, session), { timeout: 60_000 }).toBeGreaterThan(before)
        expect(await gateway.client.cancel(session)).toMatchObject({ outcome: 'requested' })
        expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: false } })
        expect((await gateway.ask(session, 'and now?')).state).toBe('completed')
      }),
    )

    test('its turn outlives a gateway that is killed, and ends completed', { timeout: TEST_MS }, () =>
      at.do(async (gateway, session) => {
        const start = await length(gateway, session)
        await gateway.ask(session, '@slow 60 25')
        const undisturbed = (await gateway.text(session)).slice(start)
        const { agent_pid: pid } = await gateway.client.getSession(session)
        const { turn } = await gateway.client.prompt(session, { prompt: '@slow 60 25' })
        const isUnderWay = start + undisturbed.length + 20
        await expect.poll(() => length(gateway, session), { timeout: 60_000 }).toBeGreaterThan(isUnderWay)
        await gateway.kill()
        await gateway.start()
        expect((await gateway.client.getSession(session)).agent_pid).toBe(pid)
        expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
        expect((await gateway.text(session)).slice(start)).toBe(undisturbed + undisturbed)
      }),
    )

    test('goes on with its conversation when gateway and keeper were killed in a turn', { timeout: TEST_MS }, () =>
      at.do(async (gateway, session) => {
        const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
        const state = async () => (await gateway.client.getTurn(session, turn.id)).state
        await expect.poll(state, { timeout: 60_000 }).toBe('running')
        await gateway.kill()
        gateway.killKeepers()
        await gateway.start()
        expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'interrupted', delivery: 'yes' })
        await gateway.client.resume(session, 'continue')
        const before = await length(gateway, session)
        expect((await gateway.ask(session, '@recall')).state).toBe('completed')
        const ready = (await gateway.events(session)).findLast((event) => event.type === 'agent.ready')
        expect(ready?.data).toMatchObject({ continuity: expect.stringMatching(/^(loaded|resumed)$/) as unknown })
        expect((await gateway.text(session)).slice(before)).toContain(WORD)
      }),
    )

    test('leaves no process when its session is closed', { timeout: TEST_MS }, () =>
      at.do(async (gateway, session) => {
        expect(gateway.agents()).not.toEqual([])
        await gateway.client.closeSession(session)
        expect(gateway.agents()).toEqual([])
      }),
    )
  })
}
