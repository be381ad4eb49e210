// Queue, lanes, retries, attachments and turns of the agent's own, through a real gateway with real processes.

import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')

async function sent(gateway: TestGateway, session: string, prompt: string, more: object = {}): Promise<string> {
  return (await gateway.client.prompt(session, { prompt, ...more })).turn.id
}

describe('the queue of a real gateway', { timeout: 60_000 }, () => {
  test('moved prompts run in their order, also after the gateway was killed; an interrupting one is next', async () => {
    await using gateway = await TestGateway.start()
    const session = await gateway.newSession('scripted', { on_interrupt: 'continue' })
    const running = await sent(gateway, session, '@hang')
    await expect.poll(() => gateway.received('recv'), { timeout: 10_000 }).toHaveLength(1)
    const [a, b] = [await sent(gateway, session, '@say a'), await sent(gateway, session, '@say b')]
    await gateway.client.editTurn(session, b, { position: 0 })
    await gateway.client.editTurn(session, a, { prompt: '@say edited' })
    await gateway.kill()
    await gateway.start()
    const { queued } = await gateway.client.getQueue(session)
    expect(queued.map(({ turn }) => turn.id)).toEqual([b, a])
    const urgent = await sent(gateway, session, '@say urgent', { when_busy: 'interrupt' })
    await gateway.ended(session, a)
    expect((await gateway.ended(session, running)).state).toBe('cancelled')
    expect(await gateway.text(session)).toBe('urgentbedited')
    expect((await gateway.received('recv')).map(({ id }) => id)).toEqual([running, urgent, b, a])
  })

  test('a prompt whose caller has gone stays accepted and runs', async () => {
    await using gateway = await TestGateway.start()
    const session = await gateway.newSession()
    const running = await sent(gateway, session, '@hang')
    const gone = new AbortController()
    const queued = await sent(gateway, session, '@say still here')
    const watching = gateway.client.waitTurn(session, queued, 30_000, { signal: gone.signal })
    gone.abort()
    await expect(watching).rejects.toMatchObject({ code: 'CANCELLED' })
    await gateway.client.cancelAndWait(session, { turnId: running, waitMs: 10_000 })
    expect((await gateway.ended(session, queued)).state).toBe('completed')
  })

  test('C-49 a deaf agent is asked in three ways before it is ended; cancel with a wait says how the turn ended, and whether by force', async () => {
    await using gateway = await TestGateway.start({ config: { deadlines: { cancelGraceMs: 300 } } })
    const session = await gateway.newSession()
    const turn = await sent(gateway, session, '@hang-deaf')
    await expect.poll(() => gateway.received('directive')).toHaveLength(1)
    const { outcome, ended } = await gateway.client.cancelAndWait(session, { waitMs: 20_000 })
    expect([outcome, ended]).toMatchObject(['requested', [{ turn_id: turn, state: 'cancelled', forced: true }]])
    const asked = async (): Promise<unknown[]> => (await gateway.received('message')).map(({ method }) => method)
    await expect.poll(asked).toEqual(['initialize', 'session/new', '$/cancel_request', 'session/close'])
    expect(await gateway.received('cancel')).not.toEqual([])
  })

  test('a turn has its own deadline; a background lane lets one turn out at a time', async () => {
    await using gateway = await TestGateway.start({ config: { lanes: { background: { turnsMax: 1 } } } })
    const [one, two] = [await gateway.newSession(), await gateway.newSession()]
    const first = await sent(gateway, one, '@hang', { lane: 'background', deadline_ms: 1_500 })
    const second = await sent(gateway, two, '@say mine', { lane: 'background' })
    expect((await gateway.client.getSession(two)).waiting_for).toBe('lane')
    const { waits } = await gateway.client.explainSession(two)
    expect(waits).toMatchObject([{ kind: 'lane', subject: 'background' }])
    const { outcome } = await gateway.ended(one, first)
    expect(outcome).toMatchObject({ state: 'timed_out', error: { details: { stage: 'turn', seconds: 1.5 } } })
    expect((await gateway.ended(two, second)).state).toBe('completed')
  })

  test('an agent that dies in its start is tried once more with a new process, and no third time', async () => {
    const agents = { dying: { command: [process.execPath, '-e', 'process.exit(3)'] as const } }
    await using gateway = await TestGateway.start({ agents })
    const session = await gateway.newSession('dying')
    const { outcome } = await gateway.ask(session, 'hello')
    expect(outcome).toMatchObject({ state: 'failed', delivery: 'no', error: { code: 'AGENT_EXITED' } })
    const types = (await gateway.events(session)).map(({ type }) => type)
    expect(types.filter((type) => type === 'agent.starting')).toHaveLength(2)
    expect(types.filter((type) => type === 'turn.requeued')).toHaveLength(1)
  })

  test('a one-shot session closes when its agent could not start', async () => {
    const agents = { junk: { command: [process.execPath, SCRIPTED, '--init=junk'] as const } }
    const config = { deadlines: { initializeMs: 1_000 } }
    await using gateway = await TestGateway.start({ agents, config })
    const session = await gateway.newSession('junk', { mode: 'oneshot' })
    expect((await gateway.ask(session, 'hello')).state).toBe('failed')
    await expect.poll(async () => (await gateway.client.getSession(session)).state, { timeout: 15_000 }).toBe('closed')
  })

  test('what an agent does by itself after its turn is a turn of its own; late output is not', async () => {
    await using gateway = await TestGateway.start({ config: { deadlines: { agentQuietMs: 300 } } })
    const session = await gateway.newSession()
    await gateway.ask(session, '@wake 2000 @after 2 @say done')
    const own = async () => (await gateway.client.listTurns(session)).turns.filter(({ origin }) => origin === 'agent')
    await expect.poll(async () => (await own()).map(({ state }) => state), { timeout: 15_000 }).toEqual(['completed'])
    const [turn] = await own()
    expect(turn).toMatchObject({ prompt: [], lane: 'background', outcome: { stop_reason: null } })
    const events = await gateway.events(session)
    const words = (turnId: string | null) =>
      events
        .filter((event) => event.type === 'update' && event.turn_id === turnId)
        .map(({ data }) => (data as { content: { text: string } }).content.text)
    expect([words(turn?.id ?? ''), words(null)]).toEqual([['woke up'], ['after 1 ', 'after 2 ']])
  })

  test('an image is refused with 422 by an agent that is known not to take it', async () => {
    await using gateway = await TestGateway.start()
    const session = await gateway.newSession()
    await gateway.ask(session, '@say hello')
    const known = await gateway.client.getSession(session)
    const image = { type: 'image', mimeType: 'image/png', data: 'aGVsbG8=' }
    const asked = gateway.client.prompt(session, { prompt: [image] })
    if (known.prompt_content?.includes('image') === true) expect((await asked).turn.n).toBe(2)
    else await expect(asked).rejects.toMatchObject({ status: 422, code: 'PROMPT_UNSUPPORTED_CONTENT' })
  })
})
