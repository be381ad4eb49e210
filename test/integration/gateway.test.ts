// The main job through a real gateway process: prompt, stream, permission, cancel, death and return; and every kind of bad input.

import { join } from 'node:path'

import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { TestAgent } from '../_support/test-gateway.ts'

const fixture = (name: string, ...args: string[]): TestAgent => ({
  command: [process.execPath, join(import.meta.dirname, '../agents', name), ...args],
})

test('a prompt is answered, streamed to a follower without gap, and stored', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const seen: number[] = []
  const follower = new AbortController()
  const following = (async () => {
    for await (const event of gateway.client.events(session, { after: 0, signal: follower.signal })) {
      seen.push(event.seq)
      if (event.type === 'turn.ended') return
    }
  })()
  const turn = await gateway.ask(session, 'hello')
  expect(turn).toMatchObject({
    state: 'completed',
    outcome: { stop_reason: 'end_turn', delivery: 'yes', forced: false },
  })
  await following
  expect(seen).toEqual(seen.map((_, i) => i + 1))
  expect(await gateway.text(session)).toBe('echo: hello')
})

test('a permission request waits in the list, is answered once, and the agent gets exactly that (C 66)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@perm edit' })
  const open = async () => (await gateway.client.listPermissions({ state: 'open' })).permissions
  await expect.poll(open, { timeout: 10_000 }).toHaveLength(1)
  const [request] = await open()
  const reject = request?.options.find((option) => (option as { kind?: string }).kind === 'reject_once') as {
    optionId: string
  }
  await gateway.client.answerPermission(request?.id ?? '', { option_id: reject.optionId })
  expect((await gateway.ended(session, turn.id)).state).toBe('completed')
  expect(await gateway.received('permission')).toMatchObject([{ outcome: 'selected', optionId: reject.optionId }])
  const again = gateway.client.answerPermission(request?.id ?? '', { option_id: reject.optionId })
  await expect(again).rejects.toMatchObject({ code: 'PERMISSION_CLOSED' })
})

test('a polite agent is cancelled in the middle and stays warm (C 42)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@say working @hang' })
  await expect
    .poll(async () => (await gateway.client.getTurn(session, turn.id)).state, { timeout: 10_000 })
    .toBe('running')
  await gateway.client.cancel(session)
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: false } })
  expect(await gateway.received('cancel')).toHaveLength(1)
  await gateway.ask(session, 'next')
  expect(await gateway.received('start')).toHaveLength(1)
  expect(gateway.agents()).toHaveLength(1) // the warm agent: what looks for leaks can see one
})

test('a deaf agent is ended after the grace; its children go with it; the conversation goes on in a new process (C 43, A 3)', async () => {
  await using gateway = await TestGateway.start({ config: { deadlines: { cancelGraceMs: 200 } } })
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, {
    prompt: '@spawn setsid-grandchild.mjs @say spawned @hang-deaf',
  })
  await expect
    .poll(async () => (await gateway.client.getTurn(session, turn.id)).state, { timeout: 10_000 })
    .toBe('running')
  await gateway.client.cancel(session)
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: true } })
  const next = await gateway.ask(session, '@recall')
  expect(next.state).toBe('completed')
  expect(await gateway.received('load')).toHaveLength(1)
  await gateway.client.closeSession(session)
  expect(gateway.agents()).toEqual([])
})

/** Agents inside the gateway: they end with it, whatever the turn was doing. */
const INLINE = { config: { keeper: { hosting: 'inline' } } }

/** Never 0: that would name the group of whoever runs this. */
async function wardenOf(gateway: TestGateway): Promise<number> {
  const { warden_pid: pid } = await gateway.client.status()
  if (!pid) throw new Error('there is no warden')
  return pid
}

test('without a keeper, SIGKILL in the middle of a turn: the turn is interrupted, what was seen is kept, the conversation is continued', async () => {
  await using gateway = await TestGateway.start(INLINE)
  const session = await gateway.newSession()
  await gateway.ask(session, 'remember me')
  const { turn } = await gateway.client.prompt(session, { prompt: '@say half @hang' })
  const queued = await gateway.client.prompt(session, { prompt: '@recall' })
  await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('half')
  const before = await gateway.events(session)
  await gateway.kill()
  await gateway.start()
  expect((await gateway.events(session)).slice(0, before.length)).toEqual(before)
  expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'interrupted', delivery: 'yes' })
  expect(await gateway.client.getSession(session)).toMatchObject({ activity: 'blocked', blocked_by: turn.id })
  await gateway.client.resume(session, 'continue')
  expect(await gateway.ended(session, queued.turn.id)).toMatchObject({ state: 'completed' })
  const received = await gateway.received('recv')
  expect(new Set(received.map((entry) => entry['id'])).size).toBe(received.length)
  expect(await gateway.received('load')).toHaveLength(1)
})

test('a warden that is killed is started again, and a clean stop leaves none', async () => {
  await using gateway = await TestGateway.start(INLINE)
  const pidOf = async () => (await gateway.client.status()).warden_pid
  const first = await wardenOf(gateway)
  process.kill(first, 'SIGKILL')
  await expect.poll(pidOf, { timeout: 10_000 }).not.toBeOneOf([first, null])
  const second = await wardenOf(gateway)
  await gateway.kill('SIGTERM')
  expect(() => process.kill(second, 0)).toThrow('ESRCH')
})

test('doctor --orphans names what a killed gateway left, not what others run (B 40)', async () => {
  await using other = await TestGateway.start()
  await other.ask(await other.newSession(), 'hello')
  await using gateway = await TestGateway.start(INLINE)
  expect((await gateway.run('doctor', '--orphans')).stdout).toMatch(/orphans +none/)
  const session = await gateway.newSession()
  await gateway.client.prompt(session, { prompt: '@spawn double-fork.mjs @say ready @hang' })
  await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('ready')
  process.kill(await wardenOf(gateway), 'SIGKILL')
  await gateway.kill()
  const { code, stdout } = await gateway.run('doctor', '--orphans')
  expect(code).toBe(1)
  const named = new Set([...stdout.matchAll(/orphan (\d+)/g)].map((match) => Number(match[1])))
  expect(named).toEqual(new Set(gateway.leaks().map(({ pid }) => pid)))
  await gateway.start() // ends them
}, 60_000)

test('SIGTERM lets a running turn end, refuses new work meanwhile, and leaves nothing (F 114, 116)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@say going @sleep 1500 @say done' })
  await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('going')
  const exited = gateway.kill('SIGTERM')
  await expect.poll(() => gateway.client.isReady(), { timeout: 5_000 }).toBe(false)
  await expect(gateway.client.prompt(session, { prompt: 'late' })).rejects.toMatchObject({ code: 'GATEWAY_DRAINING' })
  expect(await exited).toBe(0)
  expect(gateway.leaks()).toEqual([])
  await gateway.start()
  expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'completed' })
})

test('a second SIGTERM takes the time of the turns away, a third one ends everything at once; nothing is left (F 117)', async () => {
  const stubborn = fixture('scripted-agent.mjs', '--term=ignore', '--eof=ignore')
  for (const [signals, code] of [
    [2, 0],
    [3, 1],
  ] as const) {
    await using gateway = await TestGateway.start({ agents: { stubborn } })
    const session = await gateway.newSession('stubborn')
    const { turn } = await gateway.client.prompt(session, { prompt: '@say working @hang-deaf' })
    await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('working')
    const exited = gateway.kill('SIGTERM')
    await expect.poll(() => gateway.client.isReady(), { timeout: 5_000 }).toBe(false)
    for (let i = 1; i < signals; i++) {
      process.kill(gateway.pid, 'SIGTERM')
      await new Promise((resolve) => setTimeout(resolve, 300)) // two signals that wait together are one
    }
    expect(await exited).toBe(code)
    await expect.poll(() => gateway.leaks(), { timeout: 2_000 }).toEqual([])
    await gateway.start()
    expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'interrupted', delivery: 'yes' })
  }
}, 60_000)

test('a second gateway on the same directory is told who has it, exits 75, and disturbs nobody (D 76)', async () => {
  await using gateway = await TestGateway.start()
  const { code, stderr } = await gateway.run('serve')
  expect(code).toBe(75)
  expect(stderr).toContain(`pid ${gateway.pid}`)
  expect(await gateway.client.isReady()).toBe(true)
}, 30_000)

const BROKEN: Readonly<Record<string, { agent: TestAgent; code: string }>> = {
  'a command that does not exist': { agent: { command: ['no-such-command-here'] }, code: 'AGENT_COMMAND_MISSING' },
  'a command that is a directory': { agent: { command: ['/tmp'] }, code: 'AGENT_COMMAND_UNUSABLE' },
  'a program that is no ACP agent': { agent: fixture('not-acp.mjs'), code: 'AGENT_START_TIMEOUT' },
  'a program that says nothing': { agent: fixture('silent.mjs'), code: 'AGENT_START_TIMEOUT' },
  'a program that exits': { agent: fixture('exits-at-once.mjs'), code: 'AGENT_EXITED' },
  'another protocol version': { agent: fixture('scripted-agent.mjs', '--init=badver'), code: 'AGENT_PROTOCOL_VERSION' },
  'an error in the handshake': { agent: fixture('scripted-agent.mjs', '--init=error'), code: 'AGENT_ERROR' },
  'a session that never opens': { agent: fixture('scripted-agent.mjs', '--new=hang'), code: 'AGENT_START_TIMEOUT' },
  'a login that is needed': { agent: fixture('scripted-agent.mjs', '--new=auth'), code: 'AGENT_AUTH_REQUIRED' },
  'one endless line': { agent: fixture('flood.mjs', '--form=line'), code: 'AGENT_PROTOCOL_ERROR' },
}

test('an agent that cannot be started fails its turn with a code, delivery no, and leaves no process (A 22, 23; C 72, 73)', async () => {
  const agents = Object.fromEntries(Object.values(BROKEN).map(({ agent }, i) => [`broken${i}`, agent]))
  const deadlines = { initializeMs: 4_000, sessionNewMs: 4_000 } // a start of Node on a busy machine fits
  await using gateway = await TestGateway.start({ agents, config: { deadlines, limits: { lineBytesMax: 1_048_576 } } })
  const results = await Promise.all(
    Object.keys(BROKEN).map(async (_, i) => {
      const session = await gateway.newSession(`broken${i}`, { on_interrupt: 'continue' })
      const turn = await gateway.ask(session, 'hello')
      return { state: turn.state, delivery: turn.delivery, code: turn.outcome?.error?.code }
    }),
  )
  expect(results).toEqual(Object.values(BROKEN).map(({ code }) => ({ state: 'failed', delivery: 'no', code })))
  expect(gateway.agents()).toEqual([])
}, 60_000)

const BAD_REQUESTS: Readonly<Record<string, { body: Record<string, unknown>; code: string }>> = {
  'an unknown agent': { body: { agent: 'nobody', cwd: '/usr' }, code: 'AGENT_UNKNOWN' },
  'a relative directory': { body: { agent: 'holdfast', cwd: 'here' }, code: 'CWD_NOT_ABSOLUTE' },
  'a directory that is not there': { body: { agent: 'holdfast', cwd: '/no/such/place' }, code: 'CWD_NOT_FOUND' },
  'the root of the file system': { body: { agent: 'holdfast', cwd: '/' }, code: 'CWD_NOT_ALLOWED' },
  'no agent': { body: { cwd: '/usr' }, code: 'BAD_REQUEST' },
}

test('a session that cannot be made is refused with a code and leaves no row', async () => {
  await using gateway = await TestGateway.start()
  for (const [name, { body, code }] of Object.entries(BAD_REQUESTS)) {
    await expect(gateway.client.createSession(body as never), name).rejects.toMatchObject({ code })
  }
  const inState = gateway.client.createSession({ agent: 'holdfast', cwd: join(gateway.home, 'state') })
  await expect(inState).rejects.toMatchObject({ code: 'CWD_NOT_ALLOWED' })
  expect((await gateway.client.listSessions()).sessions).toEqual([])
})

test('an agent gets the allow-list and nothing else: no secret, no loader option, no other descriptor (H 136)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, '@env')
  const env = JSON.parse(await gateway.text(session)) as Record<string, string>
  expect(Object.keys(env)).toEqual(expect.arrayContaining(['PATH', 'HOLDFAST_LEASE']))
  const foreign = Object.keys(env).filter((name) => /^(HOLDFAST_(?!LEASE$)|NODE_|LD_|npm_|VITEST)/.test(name))
  expect(foreign).toEqual([])
})
