// B 35 and 37: a gateway that runs out of memory, and one that stands still for longer than anybody would wait.

import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

interface Stream {
  readonly seqs: number[]
  text: string
  /** Settles at the end of the turn. */
  readonly ended: Promise<void>
}

/** One reader from the first event to the end of the turn. */
function follow(gateway: TestGateway, session: string): Stream {
  const read = async (): Promise<void> => {
    for await (const { seq, type, data } of gateway.client.events(session, { after: 0 })) {
      stream.seqs.push(seq)
      const update = data as { sessionUpdate?: string; content?: { text?: string } }
      if (update.sessionUpdate === 'agent_message_chunk') stream.text += update.content?.text ?? ''
      if (type === 'turn.ended') return
    }
  }
  const stream: Stream = { seqs: [], text: '', ended: Promise.resolve().then(read) }
  return stream
}

function expectWhole({ seqs, text }: Stream, expected: string): void {
  expect(seqs).toEqual(seqs.map((_, i) => i + 1))
  expect(text === expected).toBe(true) // megabytes: the difference would be no help
}

function numbered(word: string, count: number): string {
  return Array.from({ length: count }, (_, i) => `${word}${i + 1} `).join('')
}

/** Bytes that a process has written so far. */
function writtenBytes(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1])
}

test('B 37, D 78: a gateway stopped for longer than the silence limit: no second owner, no turn cut; the stream goes on without a gap', async () => {
  await using gateway = await TestGateway.start({ config: { deadlines: { silenceMs: 4_000 } } })
  const session = await gateway.newSession()
  const stream = follow(gateway, session)
  const { turn } = await gateway.client.prompt(session, { prompt: '@chunks 250 50 @say done' })
  await expect.poll(() => stream.text, { timeout: 10_000 }).toContain('chunk 3')
  const { pid } = gateway
  const startedAt = performance.now()
  killPid(pid, 'SIGSTOP')
  const second = await gateway.run('serve')
  expect(second.code).toBe(75)
  expect(second.stderr).toContain(`pid ${pid}`)
  // It has waited for the lock for 10 s: every clock of the first one is late now.
  expect(performance.now() - startedAt).toBeGreaterThan(8_000)
  killPid(pid, 'SIGCONT')
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
  await stream.ended
  expectWhole(stream, `${numbered('chunk ', 250)}done`)
  expect(gateway.pid).toBe(pid)
  expect(await gateway.received('start')).toHaveLength(1)
})

const FLOOD = 60_000

test('B 37: an agent that floods a stopped gateway has to wait; nothing of what it says is lost', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const stream = follow(gateway, session)
  const { turn } = await gateway.client.prompt(session, { prompt: `@flood ${FLOOD}` })
  await expect.poll(() => stream.text, { timeout: 10_000, interval: 1 }).toContain('f50 ')
  const { agent_pid: agent } = await gateway.client.getSession(session)
  killPid(gateway.pid, 'SIGSTOP')
  let before = -1
  const isWaiting = (): boolean => before === (before = writtenBytes(agent ?? -1))
  await until(isWaiting, { ms: 20_000, intervalMs: 300, what: () => `the agent writes on: ${before}` })
  expect(await gateway.received('reply')).toEqual([])
  killPid(gateway.pid, 'SIGCONT')
  expect(await gateway.ended(session, turn.id, 60_000)).toMatchObject({ state: 'completed' })
  await stream.ended
  expectWhole(stream, numbered('f', FLOOD))
})

const HEAP = { NODE_OPTIONS: '--max-old-space-size=48' }
const PROMPT_CHARS = 900_000
const PROMPTS_EACH = 30

test.for(['keeper', 'inline'] as const)(
  'B 35, %s: out of memory under load: what was accepted is there after a restart, and no agent is without an owner',
  { timeout: 120_000 },
  async (hosting) => {
    const config = { keeper: { hosting }, deadlines: { drainMs: 500 } }
    await using gateway = await TestGateway.prepare({ config })
    await gateway.start(HEAP)
    const sessions = await Promise.all(Array.from({ length: 6 }, () => gateway.newSession('stubborn')))
    for (const session of sessions) {
      await gateway.client.prompt(session, { prompt: '@say up @hang' })
      await expect.poll(() => gateway.text(session), { timeout: 15_000 }).toBe('up')
    }
    const accepted: string[] = []
    const fill = async (session: string): Promise<void> => {
      for (let i = 0; i < PROMPTS_EACH; i++) {
        const { turn } = await gateway.client.prompt(session, { prompt: `${i} ${'x'.repeat(PROMPT_CHARS)}` })
        accepted.push(turn.id)
      }
    }
    await Promise.allSettled(sessions.map(fill))
    expect(await gateway.died()).toMatchObject({ signal: 'SIGABRT' })
    expect(gateway.output).toContain('heap out of memory')
    const agents = gateway.agents().filter(({ command }) => command.includes('scripted-agent'))
    if (hosting === 'keeper') expect(agents).toHaveLength(sessions.length)
    else await expect.poll(() => gateway.leaks(), { timeout: 2_000, interval: 20 }).toEqual([])
    await gateway.start()
    expect(accepted.length).toBeGreaterThan(5)
    const views = await Promise.all(sessions.map((session) => gateway.client.getSession(session)))
    const queued = new Set(views.flatMap((view) => view.queued))
    expect(accepted.filter((id) => !queued.has(id))).toEqual([])
  },
)
