// A login to an agent as a person makes it at this machine, with real processes, and what the gateway makes of it. C-nn: docs/acp-client.md.

import { existsSync, rmSync, writeFileSync } from 'node:fs'

import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'

const FILE = `/tmp/holdfast-login-test-${process.pid}`

const SCRIPTED = new URL('../agents/scripted-agent.mjs', import.meta.url).pathname

const agent = (flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => ({
  command: [process.execPath, SCRIPTED, `--login=${FILE}`, ...flags] as const,
  env,
})

let gateway: TestGateway
beforeAll(async () => {
  const agents = {
    locked: agent(),
    refusing: agent(['--auth=error'], { LOGIN_ENDS: 'fail' }),
    hanging: agent(['--auth=hang'], { LOGIN_ENDS: 'hang' }),
  }
  gateway = await TestGateway.start({ agents })
})
afterAll(async () => {
  rmSync(FILE, { force: true })
  await gateway[Symbol.asyncDispose]()
})
beforeEach(() => rmSync(FILE, { force: true }))

const login = (...args: string[]) => gateway.run('agents', 'login', ...args)

async function blockedSession(): Promise<{ id: string; turnId: string }> {
  const id = await gateway.newSession('locked')
  const { turn } = await gateway.client.prompt(id, { prompt: '@say in' })
  const reason = async () => (await gateway.client.getSession(id)).blocked?.reason
  await expect.poll(reason, { timeout: 10_000 }).toBe('login_required')
  return { id, turnId: turn.id }
}

test('a login that the agent makes by itself: its words are shown, a new process proves it, and what waited goes on', async () => {
  const { id, turnId } = await blockedSession()
  expect((await gateway.client.getSession(id)).blocked?.login?.methods).toMatchObject([
    { id: 'browser', kind: 'agent' },
    { id: 'tty', kind: 'terminal' },
    { id: 'key', kind: 'unsupported' },
  ])
  const { code, stdout, stderr } = await login('locked', '--method', 'browser')
  expect([code, stdout]).toEqual([0, 'logged in: locked opens sessions\n'])
  expect(stderr).toContain('open https://example.test/device?code=ABCD-1234 and type ABCD-1234\n')
  expect(stderr).toContain('1 session that had waited goes on\n')
  expect(await gateway.ended(id, turnId)).toMatchObject({ state: 'completed', delivery: 'yes' })
  expect(await gateway.text(id)).toBe('in')
})

test('C-13 C-14 a terminal login: the same program, arguments appended, variables before its own; and then a new process', async () => {
  const { id, turnId } = await blockedSession()
  const { code, stdout } = await login('locked', '--method', 'tty')
  expect([code, stdout]).toEqual([0, 'logging in on no terminal, word swordfish\nlogged in: locked opens sessions\n'])
  expect((await gateway.ended(id, turnId)).state).toBe('completed')
})

test('C-13 a program that ends with another code has not logged anybody in, also when it says so', async () => {
  const refused = await login('refusing', '--method', 'browser')
  expect([refused.code, refused.stderr]).toEqual([
    77,
    expect.stringContaining('the page said no. (AGENT_LOGIN_FAILED)'),
  ])
  const broken = await login('refusing', '--method', 'tty')
  expect([broken.code, broken.stderr]).toEqual([77, expect.stringContaining('its program ended with code 3')])
  expect(existsSync(FILE)).toBe(false)
})

test('C-12 C-17 of several ways one has to be named; an unknown or unsupported one is refused, and says which variables', async () => {
  const several = await login('locked')
  expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('several ways to log in: browser, tty')])
  const unknown = await login('locked', '--method', 'nothing')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('It has: browser, tty.')])
  const key = await login('locked', '--method', 'key')
  expect([key.code, key.stderr]).toEqual([2, expect.stringContaining('set SCRIPTED_KEY')])
})

test('an agent without ways of its own: that it works is found out, and so is that it does not', async () => {
  const free = await login('scripted', '--json')
  expect([free.code, JSON.parse(free.stdout)]).toMatchObject([0, { agent: 'scripted', method: null, logged_in: true }])
})

test('C-16 a logout is asked of the agent, and no warm process keeps the old login', async () => {
  writeFileSync(FILE, 'x')
  const id = await gateway.newSession('locked')
  expect((await gateway.ask(id, 'hi')).state).toBe('completed')
  const { code, stdout, stderr } = await gateway.run('agents', 'logout', 'locked')
  expect([code, stdout]).toEqual([0, 'logged out of locked\n'])
  expect(stderr).toMatch(/agent process(es)? with the old login will end/)
  expect(existsSync(FILE)).toBe(false)
  await gateway.client.prompt(id, { prompt: 'again' })
  await expect
    .poll(async () => (await gateway.client.getSession(id)).blocked?.reason, { timeout: 10_000 })
    .toBe('login_required')
  const none = await gateway.run('agents', 'logout', 'scripted')
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('does not support logout. (AGENT_UNSUPPORTED)')])
})

test.each(['browser', 'tty'])(
  'Ctrl-C ends a login (%s) that waits for a person, and leaves no process',
  async (method) => {
    const child = gateway.spawn('agents', 'login', 'hanging', '--method', method)
    let out = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const mine = () => gateway.agents().filter(({ command }) => command.includes('--auth=hang'))
    await vi.waitFor(() => expect(out).toContain('logging in'), 10_000)
    await vi.waitFor(() => expect(mine()).toHaveLength(1), 10_000)
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    await vi.waitFor(() => expect(mine()).toEqual([]), 5_000)
  },
)

test('a bound ends it too, and says what was waited for', async () => {
  const { code, stderr } = await login('hanging', '--method', 'browser', '--timeout', '1')
  expect([code, stderr]).toEqual([3, expect.stringContaining('authenticate')])
}, 20_000)
