// Agents that we did not write, from npm, against a model server on loopback, through a real gateway: answered, file written when
// allowed and not when denied, cancelled in the middle, continued after the gateway was killed.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { createHome, REAL_AGENTS } from '../real-agents/agents.ts'
import type { RealAgent } from '../real-agents/agents.ts'
import { installRealAgents } from '../real-agents/install.ts'
import type { Pace } from '../_support/fake-llm/script.ts'
import { startFakeLlm } from '../_support/fake-llm/server.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const INSTALL_MS = 600_000
const TEST_MS = 120_000

beforeAll(async () => {
  await installRealAgents()
}, INSTALL_MS)

async function startWith(agent: RealAgent, stack: AsyncDisposableStack, pace?: Pace): Promise<TestGateway> {
  const llm = stack.use(await startFakeLlm(pace))
  const home = stack.use(await createHome(agent))
  const { argv, env } = await agent.prepare(home.path, llm.url)
  return stack.use(await TestGateway.start({ agents: { [agent.id]: { command: argv, env } } }))
}

/** Runs `body`; when it fails, the error says what the logs of all sessions have. */
async function telling(gateway: TestGateway, body: () => Promise<void>): Promise<void> {
  try {
    await body()
  } catch (cause) {
    const { sessions } = await gateway.client.listSessions()
    const events = (await Promise.all(sessions.map(({ id }) => gateway.events(id)))).flat()
    const lines = events.map(({ type, data }) => `${type} ${JSON.stringify(data).slice(0, 600)}`)
    throw new Error(`${String(cause)}\n${lines.join('\n')}`, { cause })
  }
}

/** Answers the next permission request with the first option of a kind; resolves with its tool call. */
async function answerNext(gateway: TestGateway, kind: RegExp): Promise<unknown> {
  const open = async () => (await gateway.client.listPermissions({ state: 'open' })).permissions
  await expect.poll(open, { timeout: 60_000 }).toHaveLength(1)
  const [request] = await open()
  const options = (request?.options ?? []) as { optionId: string; kind: string }[]
  const option = options.find((each) => kind.test(each.kind))
  await gateway.client.answerPermission(request?.id ?? '', { option_id: option?.optionId ?? '' })
  return request?.tool_call
}

for (const agent of REAL_AGENTS) {
  describe(`${agent.title}, from npm`, () => {
    test('answers, and stays warm for the second prompt', { timeout: TEST_MS }, async () => {
      await using stack = new AsyncDisposableStack()
      const gateway = await startWith(agent, stack)
      await telling(gateway, async () => {
        const session = await gateway.newSession(agent.id)
        expect(await gateway.ask(session, 'hello there')).toMatchObject({
          state: 'completed',
          outcome: { stop_reason: 'end_turn' },
        })
        const first = await gateway.text(session)
        expect(first.length).toBeGreaterThan(0)
        const { agent_pid: pid } = await gateway.client.getSession(session)
        await gateway.ask(session, 'hello again')
        expect((await gateway.text(session)).length).toBeGreaterThan(first.length)
        expect((await gateway.client.getSession(session)).agent_pid).toBe(pid)
        await gateway.client.closeSession(session)
        expect(gateway.agents()).toEqual([])
      })
    })

    test.runIf(agent.asksPermission)(
      'writes a file when allowed and none when denied',
      { timeout: TEST_MS },
      async () => {
        await using stack = new AsyncDisposableStack()
        const gateway = await startWith(agent, stack)
        await telling(gateway, async () => {
          const session = await gateway.newSession(agent.id)
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
        })
      },
    )

    test('is cancelled in the middle of a slow answer, and answers the next prompt', { timeout: TEST_MS }, async () => {
      await using stack = new AsyncDisposableStack()
      const gateway = await startWith(agent, stack)
      await telling(gateway, async () => {
        const session = await gateway.newSession(agent.id)
        const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
        await expect.poll(() => gateway.text(session), { timeout: 60_000 }).not.toBe('')
        expect(await gateway.client.cancel(session)).toMatchObject({ outcome: 'requested' })
        expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: false } })
        expect((await gateway.ask(session, 'and now?')).state).toBe('completed')
      })
    })

    test('its turn outlives a gateway that is killed, and ends completed', { timeout: TEST_MS }, async () => {
      await using stack = new AsyncDisposableStack()
      const gateway = await startWith(agent, stack, { tokensMax: 60, everyMs: 25 })
      await telling(gateway, async () => {
        const session = await gateway.newSession(agent.id)
        await gateway.ask(session, '@slow')
        const undisturbed = await gateway.text(session)
        const { agent_pid: pid } = await gateway.client.getSession(session)
        const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
        await expect
          .poll(async () => (await gateway.text(session)).length, { timeout: 60_000 })
          .toBeGreaterThan(undisturbed.length + 20)
        await gateway.kill()
        await gateway.start()
        expect((await gateway.client.getSession(session)).agent_pid).toBe(pid)
        expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
        expect(await gateway.text(session)).toBe(undisturbed + undisturbed)
      })
    })

    test(
      'goes on with its conversation when gateway and keeper were killed in a turn',
      { timeout: TEST_MS },
      async () => {
        await using stack = new AsyncDisposableStack()
        const gateway = await startWith(agent, stack)
        await telling(gateway, async () => {
          const session = await gateway.newSession(agent.id)
          await gateway.ask(session, 'the word is heliotrope')
          const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
          await expect
            .poll(async () => (await gateway.client.getTurn(session, turn.id)).state, { timeout: 60_000 })
            .toBe('running')
          await gateway.kill()
          gateway.killKeepers()
          await gateway.start()
          expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({
            state: 'interrupted',
            delivery: 'yes',
          })
          await gateway.client.resume(session, 'continue')
          const before = (await gateway.text(session)).length
          expect((await gateway.ask(session, '@recall')).state).toBe('completed')
          const ready = (await gateway.events(session)).findLast((event) => event.type === 'agent.ready')
          expect(ready?.data).toMatchObject({ continuity: expect.stringMatching(/^(loaded|resumed)$/) as unknown })
          expect((await gateway.text(session)).slice(before)).toContain('heliotrope')
        })
      },
    )
  })
}
