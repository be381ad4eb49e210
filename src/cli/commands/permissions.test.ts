// The commands about permissions against the real API: modes, rules, the inbox, what is remembered, what is in the history.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { JsonObject } from '../../base/json.ts'
import { HoldfastClient } from '../../client/client.ts'
import { pathsOf } from '../../config/paths.ts'
import { readToken } from '../../config/token.ts'
import { createSocketTransport } from '../socket-transport.ts'
import { asksFirst, TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'
import { until } from '../../../test/_support/until.ts'

let gateway: TestCliGateway
beforeEach(async () => {
  gateway = await TestCliGateway.start()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const OPTIONS: readonly JsonObject[] = [
  { optionId: 'once', name: 'Allow', kind: 'allow_once' },
  { optionId: 'always', name: 'Always', kind: 'allow_always' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
]
const TEST: JsonObject = { toolCallId: 't', title: 'Run tests', kind: 'execute', rawInput: { command: 'npm test' } }

const run = (...args: string[]) => gateway.cli.run(args)
const records = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Sends a prompt that nobody waits for; the agent asks for `call`. */
async function ask(...more: string[]): Promise<void> {
  gateway.onPrompt = asksFirst(TEST, OPTIONS)
  await run('prompt', '-s', 'mine', '--agent', 'fake', '--no-wait', ...more, 'go')
}

async function newest(): Promise<Record<string, unknown>> {
  const all = async () => records((await run('permissions', '--history', '--json')).out)
  return (await all())[0] ?? {}
}

async function openId(): Promise<string> {
  const id = async () => (await run('permissions', '--json')).out
  await until(async () => (await id()) !== '', { ms: 3_000, what: () => 'a request waits' })
  return records(await id())[0]?.['id'] as string
}

describe('modes', () => {
  test('mode shows and changes it; an unknown one is a mistake in usage', async () => {
    await run('prompt', '-s', 'mine', '--agent', 'fake', 'hi')
    expect((await run('permissions', 'mode', 'mine')).out).toBe('ask\n')
    expect((await run('permissions', 'mode', 'mine', 'deny-all')).out).toBe('deny-all\n')
    expect(records((await run('permissions', 'mode', 'mine', '--json')).out)).toMatchObject([
      { permission_mode: 'deny-all' },
    ])
    expect((await run('permissions', 'mode', 'mine', 'allow')).code).toBe(2)
    expect((await run('permissions', 'mode', 'nope', 'ask')).code).toBe(4)
  })

  test('a prompt can choose it for its session', async () => {
    await ask('--permission-mode', 'approve-all')
    await until(async () => (await newest())['state'] === 'answered', { ms: 3_000, what: () => 'it is decided' })
    expect(await newest()).toMatchObject({ option_id: 'once', answered_by: 'mode:approve-all' })
    expect((await run('permissions', 'mode', 'mine')).out).toBe('approve-all\n')
  })
})

describe('rules', () => {
  test('add, ls and rm; a revoked rule stays to be seen', async () => {
    const added = await run('rules', 'add', 'allow', '--command', 'npm test *', '-a', 'fake', '--expires', '60')
    expect(added.out).toMatch(/^rule_\w+ +allow +fake +- +npm test \* +0 +- +cli +until /m)
    const [rule] = records((await run('rules', '--json')).out)
    expect(rule).toMatchObject({ scope: 'agent', agent: 'fake', command: 'npm test *', hits: 0 })
    await ask()
    await until(async () => (await newest())['state'] === 'answered', { ms: 3_000, what: () => 'it is decided' })
    expect(await newest()).toMatchObject({ answered_by: `rule:${String(rule?.['id'])}` })
    expect((await run('rules', 'rm', String(rule?.['id']))).out).toContain('revoked by api')
    expect((await run('rules')).out).toBe('')
    expect((await run('rules', '--all')).out).toMatch(/ 1 +\d+s +cli +revoked by api$/m)
  })

  test.each([
    [['allow'], 2, 'PERMISSION_RULE_INVALID'],
    [['allow', '--command', 'npm test; rm x'], 2, 'PERMISSION_RULE_INVALID'],
    [['allow', '--path', '/etc/**'], 2, 'PERMISSION_RULE_INVALID'],
    [['deny', '--kind', 'harmless'], 2, 'Allowed choices are read, edit, '],
    [['deny', '-a', 'nobody'], 2, 'AGENT_UNKNOWN'],
    [['forbid'], 2, 'Choose one of: allow, ask, deny'],
  ])('add %j exits %i with %s', async (args, code, said) => {
    const result = await run('rules', 'add', ...args)
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(said)])
  })

  test('rm of an unknown rule fails', async () => {
    const { code, err } = await run('rules', 'rm', 'rule_no')
    expect([code, err]).toEqual([1, expect.stringContaining('PERMISSION_RULE_NOT_FOUND')])
  })
})

describe('a request that a rule or the mode decides', () => {
  test.each([
    ['a rule', ['rules', 'add', 'allow', '--command', 'npm test']],
    ['the mode', ['permissions', 'mode', 'mine', 'approve-all']],
  ])('%s: nobody is asked, nothing is said to be denied, and the turn is not given up', async (_, settled) => {
    await run('prompt', '-s', 'mine', '--agent', 'fake', 'hi')
    await run(...settled)
    gateway.onPrompt = asksFirst(TEST, OPTIONS)
    for (const whenAlone of ['deny', 'fail']) {
      const { code, err } = await run('prompt', '-s', 'mine', '--non-interactive-permissions', whenAlone, 'go')
      expect([code, err]).toEqual([0, expect.not.stringContaining('permission')])
    }
    const args = ['prompt', '-s', 'mine', 'go']
    const { terminal, done } = gateway.cli.start(args, { tty: { stdin: true, stdout: true, stderr: true } })
    expect(await done).toBe(0)
    expect(terminal.err()).not.toContain('asks for permission')
  })
})

describe('approve', () => {
  test('--always makes a rule of the scope, the next request asks nobody', async () => {
    await ask()
    expect((await run('approve', await openId(), '--always', 'agent')).out).toContain('answered: once')
    const [rule] = records((await run('rules', '--json')).out)
    expect(rule).toMatchObject({
      effect: 'allow',
      scope: 'agent',
      agent: 'fake',
      command: 'npm test',
      created_by: 'cli',
    })
    await ask()
    const by = `rule:${String(rule?.['id'])}`
    await until(async () => (await newest())['answered_by'] === by, { ms: 3_000, what: () => 'it is decided' })
  })

  test('--always alone is for the session, with --deny a refusal', async () => {
    await ask()
    await run('approve', await openId(), '--deny', '--always')
    expect(records((await run('rules', '--json')).out)).toMatchObject([{ effect: 'deny', scope: 'session' }])
  })

  test('--agent-always gives the agent its own option and leaves no rule', async () => {
    await ask()
    expect((await run('approve', await openId(), '--agent-always')).out).toContain('answered: always')
    expect(records((await run('rules', '--json')).out)).toEqual([])
  })

  test('a late answer says who was first', async () => {
    await ask()
    const id = await openId()
    await run('approve', id, '--deny')
    const { code, err } = await run('approve', id)
    expect([code, err]).toEqual([1, expect.stringMatching(/closed by cli at \d{4}-/)])
  })
})

test('-f tells what waits, what comes and who answered, until Ctrl-C', async () => {
  await ask()
  const first = await openId()
  const following = gateway.cli.start(['permissions', '-f', '--json'])
  const told = () =>
    records(following.terminal.out()).map(
      ({ event, permission }) => `${String(event)} ${(permission as { id: string }).id}`,
    )
  await until(() => told().length === 1, { ms: 3_000, what: () => following.terminal.err() })
  await run('approve', first)
  await until(() => told().length === 2, { ms: 3_000, what: () => following.terminal.err() })
  expect(told()).toEqual([`permission.requested ${first}`, `permission.closed ${first}`])
  following.interrupt()
  expect(await following.done).toBe(130)
})

test('--history says who decided what', async () => {
  await ask()
  await run('approve', await openId(), '--deny')
  expect((await run('permissions', '--history')).out).toMatch(/answered +no +cli .* Run tests: npm test$/m)
})

test('a client cannot answer in the name of the gateway', async () => {
  await ask()
  const id = await openId()
  const { socket, tokenFile } = pathsOf({ HOLDFAST_HOME: gateway.cli.home })
  using transport = createSocketTransport(socket)
  const client = new HoldfastClient({ transport, token: () => readToken(tokenFile) })
  for (const answered_by of ['rule:x', 'mode:approve-all', 'unattended:deny', 'timeout', 'a\nb']) {
    const answer = client.answerPermission(id, { option_id: 'once', answered_by })
    await expect(answer).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  }
})
