// The other commands against the real API over the socket: what they print for people and for programs, and how they exit.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { OnPrompt } from '../../../test/_support/fake-connector.ts'
import { asksFirst, says, TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { StartedGateway } from '../deps.ts'

let gateway: TestCliGateway
beforeEach(async () => {
  gateway = await TestCliGateway.start()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const run = (...args: string[]) => gateway.cli.run(args)
const first = (text: string): Record<string, unknown> =>
  JSON.parse(text.split('\n')[0] ?? '') as Record<string, unknown>
const hang: OnPrompt = ({ listener }) => {
  listener.update(says('working'))
}

describe('sessions', () => {
  test('ls lists open sessions aligned, newest first; closed ones with --all', async () => {
    await run('prompt', '-s', 'one', '--agent', 'fake', 'hi')
    await run('prompt', '-s', 'second-key', '--agent', 'fake', 'hi')
    await run('sessions', 'close', 'one')
    const open = (await run('sessions', 'ls')).out.trimEnd().split('\n')
    expect(open).toHaveLength(2)
    expect(open[1]).toContain('second-key')
    expect(open[0]?.indexOf('KEY')).toBe(open[1]?.indexOf('second-key'))
    const all = (await run('sessions', 'ls', '--all', '--json')).out.trimEnd().split('\n')
    expect(all.map((line) => first(line)['state'])).toEqual(['open', 'closed'])
  })

  test('ls pages until the limit', async () => {
    for (const key of ['a', 'b', 'c']) await run('prompt', '-s', key, '--agent', 'fake', 'hi')
    expect((await run('sessions', 'ls', '--json', '--limit', '2')).out.trimEnd().split('\n')).toHaveLength(2)
    expect((await run('sessions', '--json')).out.trimEnd().split('\n')).toHaveLength(3)
  })

  test('show prints the session and its turns; an unknown one exits 4', async () => {
    await run('prompt', '-s', 'mine', '--agent', 'fake', 'first words')
    const { code, out } = await run('sessions', 'show', 'mine')
    expect(code).toBe(0)
    expect(out).toMatch(/^key +mine$/m)
    expect(out).toMatch(/^turn_\w+ +1 +completed +yes .*end_turn +first words$/m)
    expect((await run('sessions', 'show', 'nope')).code).toBe(4)
  })

  test('close says what was closed, and again changes nothing', async () => {
    await run('prompt', '-s', 'mine', '--agent', 'fake', 'hi')
    const { session } = await gateway.sessions.service.get('mine')
    expect((await run('sessions', 'close', 'mine')).out).toMatch(new RegExp(`^closed ${session.id}`))
    expect((await run('sessions', 'close', session.id)).code).toBe(0)
  })
})

describe('cancel and resume', () => {
  test('cancel ends the running turn; with nothing to cancel it says so', async () => {
    gateway.onPrompt = hang
    await run('prompt', '-s', 'mine', '--agent', 'fake', '--no-wait', 'hi')
    await vi.waitFor(
      async () => expect((await gateway.sessions.service.get('mine')).live.activity).toBe('running'),
      5_000,
    )
    expect((await run('cancel', 'mine')).out).toMatch(/^(cancelled|asked the agent to stop) turn_/)
    await vi.waitFor(async () => expect((await run('cancel', 'mine')).out).toBe('nothing to cancel\n'), 5_000)
  })

  test('resume frees a session that an interrupted turn holds', async () => {
    gateway.onPrompt = hang
    await run('prompt', '-s', 'mine', '--agent', 'fake', '--no-wait', 'hi')
    await vi.waitFor(
      async () => expect((await gateway.sessions.service.get('mine')).live.activity).toBe('running'),
      5_000,
    )
    await gateway.restart()
    expect((await run('sessions', 'ls', '--blocked')).out).toContain('mine')
    const blocked = await run('prompt', '-s', 'mine', '--no-wait', 'next')
    expect(blocked.err).toContain('holdfast resume mine')
    expect(first((await run('resume', 'mine', '--action', 'discard', '--json')).out)).toMatchObject({
      blocked_by: null,
    })
  })
})

describe('permissions', () => {
  test('ls shows what waits; approve --deny answers with the refusal; a second answer is refused', async () => {
    gateway.onPrompt = asksFirst({ toolCallId: 't', title: 'rm \u001b[8m-rf' })
    await run('prompt', '-s', 'mine', '--agent', 'fake', '--no-wait', 'hi')
    await vi.waitFor(async () => expect((await run('permissions', 'ls')).out).toContain('rm ␛[8m-rf'), 5_000)
    const { id } = first((await run('permissions', 'ls', '-s', 'mine', '--json')).out)
    expect((await run('approve', String(id), 'maybe')).err).toContain('\n  offered: once, no\n')
    expect((await run('approve', String(id), '--deny')).out).toBe(`${String(id)} answered: no\n`)
    const again = await run('approve', String(id), 'once')
    expect(again.code).toBe(1)
    expect(again.err).toContain('(PERMISSION_CLOSED)')
    expect((await run('approve', String(id))).err).toContain('is answered already. (PERMISSION_CLOSED)')
    expect((await run('approve', 'perm_nope')).err).toContain('(PERMISSION_NOT_FOUND)')
  })
})

describe('events', () => {
  test('prints the whole log over pages, from a cursor, for people and as NDJSON', async () => {
    await run('prompt', '-s', 'mine', '--agent', 'fake', 'hi')
    const lines = (await run('events', 'mine', '--json')).out.trimEnd().split('\n').map(first)
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
    const rest = (await run('events', 'mine', '--json', '--after', '3')).out.trimEnd().split('\n').map(first)
    expect(rest[0]).toMatchObject({ seq: 4 })
    expect((await run('events', 'mine')).out).toMatch(/^ +1 +\S+Z +session\.created/)
  })

  test('-f follows over a cut without gap or double, until Ctrl-C: exit 130', async () => {
    await run('prompt', '-s', 'mine', '--agent', 'fake', 'hi')
    const following = gateway.cli.start(['events', '-f', 'mine', '--json'])
    const seqs = (): unknown[] =>
      following.terminal
        .out()
        .split('\n')
        .slice(0, -1)
        .map((line) => first(line)['seq'])
    await vi.waitFor(() => expect(following.terminal.out()).toContain('turn.ended'), 5_000)
    const before = seqs().length
    await gateway.cut()
    await gateway.listen()
    await run('prompt', '-s', 'mine', 'again')
    await vi.waitFor(() => expect(seqs().length).toBeGreaterThan(before + 3), 10_000)
    expect(seqs()).toEqual(seqs().map((_, i) => i + 1))
    following.interrupt()
    expect(await following.done).toBe(130)
    expect(following.terminal.err()).toContain('goes on when it is back')
  })

  test('-f ends by itself when the session is closed', async () => {
    await run('prompt', '-s', 'mine', '--agent', 'fake', 'hi')
    const following = gateway.cli.start(['events', '-f', 'mine'])
    await vi.waitFor(() => expect(following.terminal.out()).toContain('turn.ended'), 5_000)
    await run('sessions', 'close', 'mine')
    expect(await following.done).toBe(0)
  })
})

describe('the gateway', () => {
  test('status, agents and doctor show what it says', async () => {
    expect((await run('status')).out).toMatch(/^gateway +ready, version 9\.8\.7, pid 4711/)
    expect(first((await run('status', '--json')).out)).toMatchObject({ state: 'ready', tagging: 'prlimit' })
    expect((await run('agents')).out).toMatch(/^fake +Fake +unknown +- +unknown +config$/m)
    const { code, out } = await gateway.cli.run(['doctor'], { env: { PATH: process.env['PATH'] ?? '' } })
    expect(code).toBe(0)
    expect(out).toMatch(/^ok +tagging +prlimit$/m)
    expect(out).toMatch(/^ok +agent fake +\/.*node$/m)
    expect((await run('doctor')).out).toMatch(/^warn +agent fake +node: not found$/m)
  })

  test('doctor fails for a configuration that no gateway could start with', async () => {
    writeFileSync(join(gateway.cli.home, 'config.jsonc'), '{ "http.port": 1 }')
    const { code, out } = await run('doctor')
    expect(code).toBe(1)
    expect(out).toMatch(/^fail +configuration +.*http\.port must be nested: \{ "http": \{ "port": … \} \}/m)
  })

  test('restart with a configuration that is not valid says so and leaves the running gateway alone', async () => {
    writeFileSync(join(gateway.cli.home, 'config.jsonc'), '{ "http.port": 1 }')
    const { code, err } = await run('restart')
    expect([code, err]).toEqual([78, expect.stringContaining('(CONFIG_INVALID)')])
    expect(gateway.restarts).toEqual([])
    expect((await run('status')).code).toBe(0)
  })

  test('reload shows what holds now and what waits for a restart, or the place of what is wrong', async () => {
    expect((await run('reload')).out).toBe('nothing has changed\n')
    gateway.reload = () =>
      Promise.resolve({
        applied: [{ name: 'limits.queueDepthMax', from: 32, to: 4 }],
        pending: [{ name: 'log.file', from: undefined, to: '/var/log/x' }],
        agents: [
          { name: 'pi', change: 'removed', sessions: 1 },
          { name: 'new', change: 'added', sessions: 0 },
        ],
        mcpServers: [{ name: 'files', change: 'changed' }],
      })
    expect((await run('reload')).out.split('\n')).toEqual([
      'changed:',
      '  limits.queueDepthMax  32 -> 4',
      '  agent pi              removed; 1 session of it takes no prompts until it is back',
      '  agent new             added',
      '  MCP server files      changed',
      'changes with holdfast restart:',
      '  log.file  none -> /var/log/x',
      '',
    ])
    const details = { reason: 'http.prot is not known', file: '/etc/config.jsonc:3:5' }
    gateway.reload = () => Promise.reject(new HoldfastError('CONFIG_INVALID', details))
    const { code, err } = await run('reload')
    expect([code, err]).toEqual([
      78,
      expect.stringMatching(/http\.prot is not known\. \(CONFIG_INVALID\)\n.*config\.jsonc:3:5/),
    ])
  })

  test('restart says which way it goes, and waits for a life of a higher epoch', async () => {
    const { code, out, err } = await run('restart', '--reason', 'new version')
    expect([code, out]).toEqual([0, 'restarted: gateway 4711, the same process, version 9.8.7, 0 agents go on\n'])
    expect(err).toContain('the gateway (pid 4711) restarts: it goes on in the same process')
    expect(gateway.restarts).toEqual(['new version'])
    const { out: json } = await run('restart', '--json')
    expect(JSON.parse(json)).toMatchObject({ pid: 4711, epoch: 9, outcome: 'accepted', way: 'in-process' })
  })

  test('restart of a gateway that does not answer asks the process that the lock names, and says so', async () => {
    await gateway.cut()
    const signalRestart = async (): Promise<number> => {
      await gateway.listen()
      return 4711
    }
    const { code, err } = await gateway.cli.run(['restart'], { deps: { signalRestart } })
    expect([code, err]).toEqual([0, expect.stringContaining('does not answer; it was asked to restart by a signal')])
  })

  test('restart where no gateway runs exits 69', async () => {
    await gateway.cut()
    expect(await run('restart')).toMatchObject({ code: 69, err: expect.stringContaining('(GATEWAY_UNREACHABLE)') })
  })

  test('stop asks it to drain and waits until it is gone', async () => {
    expect(await run('stop')).toMatchObject({ code: 0, out: 'stopped gateway 4711\n' })
    expect(gateway.stops).toEqual([{ now: false, drainMs: undefined, keepAgents: false }])
    expect((await run('stop')).code).toBe(69)
  })

  test('a token that is not the right one exits 78', async () => {
    gateway.refuseTokens = true
    const { code, err } = await run('status')
    expect(code).toBe(78)
    expect(err).toContain('(UNAUTHORIZED)')
  })

  test('while it drains a prompt exits 75', async () => {
    gateway.phase = 'draining'
    const { code, err } = await run('prompt', 'hi')
    expect(code).toBe(75)
    expect(err).toContain('(GATEWAY_DRAINING)')
  })
})

test('a command that needs a gateway starts one, says so once, and goes on', async () => {
  await using later = await TestCliGateway.start({}, false)
  const startGateway = async (): Promise<StartedGateway> => {
    void later.listen()
    return { pid: 321, log: '/var/log/x', logOffset: 0, exited: new Promise(() => {}) }
  }
  const { code, out, err } = await later.cli.run(['prompt', 'hi'], { deps: { startGateway } })
  expect(code).toBe(0)
  expect(out).toContain('hi')
  expect(err).toContain('holdfast: started the gateway (pid 321, log /var/log/x)\n')
  expect((await later.cli.run(['prompt', 'hi'])).err).not.toContain('started')
})
