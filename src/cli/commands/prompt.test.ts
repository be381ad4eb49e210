// `holdfast prompt` and `run` against the real API over the socket: what is printed, what is sent, how it exits.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { echo } from '../../../test/_support/fake-connector.ts'
import type { OnPrompt } from '../../../test/_support/fake-connector.ts'
import { asksFirst, says, TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'

let gateway: TestCliGateway
beforeEach(async () => {
  gateway = await TestCliGateway.start()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const hang: OnPrompt = ({ listener }) => {
  listener.update(says('working'))
}
const endWith =
  (stopReason: string): OnPrompt =>
  ({ listener }, turnId) => {
    listener.answered(turnId, { kind: 'stopped', stopReason, usage: undefined })
  }

describe('prompt', () => {
  test('streams the answer to stdout and exits 0', async () => {
    gateway.onPrompt = ({ listener }, turnId) => {
      listener.update(says('Hello '))
      listener.update(says('world'))
      listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
    }
    const { code, out } = await gateway.cli.run(['prompt', 'hi', 'there'])
    expect({ code, out }).toEqual({ code: 0, out: 'Hello world\n' })
  })

  test('words, file and stdin become one prompt', async () => {
    const seen: string[] = []
    gateway.onPrompt = (agent, turnId, prompt) => {
      const [block] = JSON.parse(prompt) as { text: string }[]
      seen.push(block?.text ?? '')
      echo(agent, turnId, prompt)
    }
    await gateway.cli.run(['prompt', '-f', '-', 'review', 'this'], { stdin: 'the diff\n' })
    await gateway.cli.run(['prompt'], { stdin: 'from a pipe' })
    expect(seen).toEqual(['review this\n\nthe diff\n', 'from a pipe'])
  })

  test('a key that cannot be one is refused as such, not as a broken request', async () => {
    const { code, err } = await gateway.cli.run(['prompt', '-s', 'two words', '-a', 'fake', 'hi'])
    expect([code, err]).toEqual([2, expect.stringContaining('(SESSION_KEY_INVALID)')])
  })

  test('the same directory and agent share a session; another directory has its own', async () => {
    await gateway.cli.run(['prompt', 'one'])
    await gateway.cli.run(['prompt', 'two'])
    await gateway.cli.run(['prompt', '--cwd', '/tmp', 'three'])
    const list = await gateway.sessions.service.list({}, { limit: 10 })
    expect(list.map(({ session }) => session.cwd)).toEqual(['/tmp', gateway.cli.home])
    expect(list.map(({ session }) => session.lastTurnN)).toEqual([1, 2])
  })

  test('a session that is named must exist: exit 4; with an agent its key is made', async () => {
    const missing = await gateway.cli.run(['prompt', '-s', 'mine', 'hi'])
    expect(missing.code).toBe(4)
    expect(missing.err).toMatch(/^holdfast: There is no session mine\. \(SESSION_NOT_FOUND\)\n/)
    expect((await gateway.cli.run(['prompt', '-s', 'mine', '--agent', 'fake', 'hi'])).code).toBe(0)
    expect((await gateway.cli.run(['prompt', '-s', 'mine', 'again'])).code).toBe(0)
    expect((await gateway.cli.run(['prompt', '-s', 'mine', '--cwd', '/tmp', 'again'])).code).toBe(2)
  })

  test('without a choice of agent the question is usage; an unknown one is named', async () => {
    gateway.agents = [...gateway.agents, { name: 'other', title: 'Other', argv: ['x'], source: 'config' }]
    const { code, err } = await gateway.cli.run(['prompt', 'hi'])
    expect(code).toBe(2)
    expect(err).toContain('fake, other')
    expect((await gateway.cli.run(['prompt', '--agent', 'nobody', 'hi'])).err).toContain('(AGENT_UNKNOWN)')
  })

  test('--no-wait prints the turn and returns while it runs', async () => {
    gateway.onPrompt = hang
    const { code, out } = await gateway.cli.run(['prompt', '--no-wait', 'hi'])
    expect(code).toBe(0)
    expect(out).toMatch(/^turn_[0-9a-z]{26}\n$/)
  })

  test('--json prints the acceptance, then the events of the turn, one object per line', async () => {
    const { code, out } = await gateway.cli.run(['prompt', '--json', 'hi'])
    const [accepted, ...events] = lines(out)
    expect(code).toBe(0)
    expect(accepted).toMatchObject({ type: 'prompt.accepted', position: 0, replayed: false })
    expect(events.map(({ type }) => type)).toContain('update')
    expect(events.at(-1)).toMatchObject({ type: 'turn.ended', data: { state: 'completed' } })
  })

  test('one idempotency key makes one turn, and both callers see its end', async () => {
    const first = await gateway.cli.run(['prompt', '--idempotency-key', 'k', 'hi'])
    const second = await gateway.cli.run(['prompt', '--idempotency-key', 'k', 'hi'])
    expect([first.code, second.code]).toEqual([0, 0])
    expect(second.out).toBe(first.out)
    const [status] = await gateway.sessions.service.list({}, { limit: 1 })
    expect(status?.session.lastTurnN).toBe(1)
  })

  test('escape sequences of an agent do not reach the terminal, also as JSON', async () => {
    gateway.onPrompt = ({ listener }, turnId) => {
      listener.update(says('\u001b[2J\u009b31mred\u202e'))
      listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
    }
    for (const json of [[], ['--json']]) {
      const { out } = await gateway.cli.run(['prompt', ...json, 'hi'])
      for (const bad of ['\u001b', '\u009b', '\u202e']) expect(out).not.toContain(bad)
      expect(out).toContain('red')
    }
  })
})

describe('how a turn ends is how prompt exits', () => {
  test('an early stop is completed, and said', async () => {
    gateway.onPrompt = endWith('max_tokens')
    const { code, err } = await gateway.cli.run(['prompt', 'hi'])
    expect(code).toBe(0)
    expect(err).toContain('the turn ended early: max_tokens')
  })

  test('an agent error fails the turn: exit 1 with the code', async () => {
    gateway.onPrompt = ({ listener }, turnId) => {
      const error = { code: 'AGENT_ERROR' as const, message: 'Agent fake answered with an error: boom.' }
      listener.answered(turnId, { kind: 'error', error })
    }
    const { code, err } = await gateway.cli.run(['prompt', 'hi'])
    expect(code).toBe(1)
    expect(err).toContain(
      'the turn failed: Agent fake answered with an error: boom. (AGENT_ERROR)\nThe raw error is in details.\n',
    )
  })

  test('a failed turn shows the last words of the agent', async () => {
    gateway.onPrompt = ({ listener }, turnId) => {
      const details = { agent: 'fake', stderrTail: 'no such \u001b[2Jkey' }
      listener.answered(turnId, { kind: 'error', error: { code: 'AGENT_EXITED' as const, message: 'Gone.', details } })
    }
    expect((await gateway.cli.run(['prompt', 'hi'])).err).toMatch(/in details\.\nno such ␛\[2Jkey\n$/)
  })

  test('--timeout cancels the turn: exit 3', async () => {
    gateway.onPrompt = hang
    const { code, err } = await gateway.cli.run(['prompt', '--timeout', '0.2', 'hi'])
    expect(code).toBe(3)
    expect(err).toContain('no end after 0.2 s; cancelling the turn')
  })

  test('the first Ctrl-C cancels the turn and waits for its end: exit 130', async () => {
    gateway.onPrompt = hang
    gateway.sessions.connector.onCancel = (agent) => {
      agent.listener.answered(agent.prompts.at(-1) ?? ('' as never), {
        kind: 'stopped',
        stopReason: 'cancelled',
        usage: undefined,
      })
    }
    const run = gateway.cli.start(['prompt', 'hi'])
    await vi.waitFor(() => expect(run.terminal.out()).toContain('working'), 5_000)
    expect(run.interrupt()).toBe(true)
    expect(await run.done).toBe(130)
    expect(run.terminal.err()).toContain('the turn was cancelled')
    expect(run.interrupt()).toBe(false)
  })

  test('the second Ctrl-C leaves at once and says where the turn is', async () => {
    await using slow = await TestCliGateway.start({ cancelGraceMs: 60_000 })
    slow.onPrompt = hang
    const run = slow.cli.start(['prompt', 'hi'])
    await vi.waitFor(() => expect(run.terminal.out()).toContain('working'), 5_000)
    run.interrupt()
    await vi.waitFor(() => expect(slow.sessions.connector.agents[0]?.cancels).toBe(1), 5_000)
    run.interrupt()
    expect(await run.done).toBe(130)
    expect(run.terminal.err()).toMatch(/left turn turn_\w+ to the gateway/)
  })
})

describe('a gateway that goes away', () => {
  const running = async (): Promise<void> => {
    const [status] = await gateway.sessions.service.list({}, { limit: 1 })
    expect(status?.live.activity).toBe('running')
  }

  test('a turn that is cut by its death is told as interrupted, with the command that frees the session', async () => {
    gateway.onPrompt = hang
    const run = gateway.cli.start(['prompt', '-s', 'mine', '--agent', 'fake', 'hi'])
    await vi.waitFor(running, 5_000)
    await gateway.restart()
    expect(await run.done).toBe(1)
    expect(run.terminal.err()).toContain('(TURN_INTERRUPTED)')
    expect(run.terminal.err()).toContain('holdfast resume mine --action continue|retry|discard')
  })

  test('an announced stop is said as one, and waited for', async () => {
    gateway.onPrompt = hang
    const run = gateway.cli.start(['prompt', 'hi'])
    await vi.waitFor(() => expect(run.terminal.out()).toContain('working'), 5_000)
    await gateway.cut()
    await vi.waitFor(() => expect(run.terminal.err()).toContain('the gateway stops; waiting up to 60 s'), 5_000)
    await gateway.listen()
    run.interrupt()
    expect(await run.done).toBe(130)
  })

  test('a prompt behind the interrupted turn stays stored, and its client leaves: exit 1', async () => {
    gateway.onPrompt = hang
    await gateway.cli.run(['prompt', '-s', 'mine', '--agent', 'fake', '--no-wait', 'first'])
    await vi.waitFor(running, 5_000)
    const behind = gateway.cli.start(['prompt', '-s', 'mine', 'second'])
    await vi.waitFor(() => expect(behind.terminal.err()).toContain('queued behind 1 prompt'), 5_000)
    await gateway.restart()
    expect(await behind.done).toBe(1)
    expect(behind.terminal.err()).toMatch(/holdfast resume mine .*\nholdfast: left turn turn_\w+ to the gateway/)
  })

  test('a session that is blocked takes no prompt that waits: exit 1, nothing stored', async () => {
    gateway.onPrompt = hang
    await gateway.cli.run(['prompt', '-s', 'mine', '--agent', 'fake', '--no-wait', 'first'])
    await vi.waitFor(running, 5_000)
    await gateway.restart()
    const { code, err } = await gateway.cli.run(['prompt', '-s', 'mine', 'second'])
    expect(code).toBe(1)
    expect(err).toMatch(/\(SESSION_BLOCKED\)\nDecide with: holdfast resume mine --action continue\|retry\|discard\.\n$/)
    expect((await gateway.sessions.service.get('mine')).session.lastTurnN).toBe(1)
    const keyed = await gateway.cli.run(['prompt', '-s', 'mine', '--idempotency-key', 'k', 'second'])
    expect(keyed.code).toBe(1)
    expect(keyed.err).toContain('left turn')
  })
})

describe('an agent that needs a login', () => {
  const refuse: OnPrompt = ({ listener }, turnId) =>
    listener.answered(turnId, {
      kind: 'error',
      error: { code: 'AGENT_AUTH_REQUIRED', message: 'Agent fake needs a login: no key.' },
    })

  test('prompt says at once what to type and exits 77; the prompt waits, and status, show and explain say for what', async () => {
    gateway.onPrompt = refuse
    const { code, err } = await gateway.cli.run(['prompt', '-s', 'mine', '--agent', 'fake', 'hi'])
    expect(code).toBe(77)
    expect(err).toContain('fake needs a login; the prompt waits for it. Log in with: holdfast agents login fake\n')
    expect(
      (await gateway.sessions.service.queued((await gateway.sessions.service.get('mine')).session.id)).length,
    ).toBe(1)
    const next = await gateway.cli.run(['prompt', '-s', 'mine', 'again'])
    expect([next.code, next.err]).toEqual([77, expect.stringContaining('holdfast agents login')])
    expect((await gateway.cli.run(['status'])).out).toMatch(
      /login +needed by fake, 1 session waits: holdfast agents login/,
    )
    expect((await gateway.cli.run(['sessions', 'show', 'mine'])).out).toMatch(
      /needs a login +holdfast agents login fake/,
    )
    const explained = (await gateway.cli.run(['explain', 'mine'])).out
    expect(explained).toContain('It waits for a login to its agent')
    expect(explained).toMatch(/--action retry/)
    expect(explained).not.toContain('--action continue')
  })

  test('run has nobody to wait for: its turn fails and it exits 77', async () => {
    gateway.onPrompt = refuse
    const { code, err } = await gateway.cli.run(['run', '--agent', 'fake', 'hi'])
    expect([code, err]).toEqual([77, expect.stringContaining('(AGENT_AUTH_REQUIRED)')])
  })
})

describe('permission requests', () => {
  const execute = { toolCallId: 't', title: 'rm -rf /', kind: 'execute', rawInput: { command: 'rm -rf /' } }
  const read = { toolCallId: 't', title: 'Read', kind: 'read', rawInput: { path: '.' } }

  test.each([
    { claim: 'nobody at the terminal denies', flags: [] as string[], toolCall: execute, exitCode: 5, optionId: 'no' },
    { claim: '--deny-all denies', flags: ['--deny-all'] as string[], toolCall: execute, exitCode: 5, optionId: 'no' },
    {
      claim: '--approve-all approves once',
      flags: ['--approve-all'] as string[],
      toolCall: execute,
      exitCode: 0,
      optionId: 'once',
    },
    {
      claim: '--approve-reads approves a read',
      flags: ['--approve-reads'] as string[],
      toolCall: read,
      exitCode: 0,
      optionId: 'once',
    },
    {
      claim: '--approve-reads does not approve a command',
      flags: ['--approve-reads'] as string[],
      toolCall: execute,
      exitCode: 5,
      optionId: 'no',
    },
  ])('$claim', async ({ flags, toolCall, exitCode, optionId }) => {
    gateway.onPrompt = asksFirst(toolCall)
    const { code, out } = await gateway.cli.run(['prompt', ...flags, 'hi'])
    expect(out).toContain(`"optionId":"${optionId}"`)
    expect(code).toBe(exitCode)
  })

  test('--non-interactive-permissions fail cancels the turn: exit 5', async () => {
    gateway.onPrompt = asksFirst(execute)
    const { code, err } = await gateway.cli.run(['prompt', '--non-interactive-permissions', 'fail', 'hi'])
    expect(code).toBe(5)
    expect(err).toContain('nobody to ask; cancelling the turn')
  })

  test('a lasting approval alone is never picked by a rule', async () => {
    gateway.onPrompt = asksFirst(execute, [{ optionId: 'always', name: 'Always', kind: 'allow_always' }])
    const { code } = await gateway.cli.run(['prompt', '--approve-all', 'hi'])
    expect(code).toBe(5)
  })

  test('a person is asked, with the command in view and nothing that acts on the terminal, and the answer counts', async () => {
    gateway.onPrompt = asksFirst({ ...execute, title: 'ls\u001b[8m; rm -rf /' })
    const run = gateway.cli.start(['prompt', 'hi'], { tty: { stdin: true, stderr: true }, env: { NO_COLOR: '1' } })
    await vi.waitFor(() => expect(run.terminal.err()).toContain('answer with a number: '), 5_000)
    expect(run.terminal.err()).toContain('ls␛[8m; rm -rf /')
    expect(run.terminal.err()).toContain('1) Allow [allow once]\n  2) Reject [reject once]')
    run.terminal.stdin.write('7\n')
    await vi.waitFor(() => expect(run.terminal.err().split('answer with a number: ')).toHaveLength(3), 5_000)
    run.terminal.stdin.write('1\n')
    expect(await run.done).toBe(0)
    expect(run.terminal.out()).toContain('"optionId":"once"')
  })

  test('an input too long to show is said to be cut, never silently', async () => {
    const command = `echo ${'x'.repeat(5_000)}; rm -rf /`
    gateway.onPrompt = asksFirst({ ...execute, rawInput: { command } })
    const run = gateway.cli.start(['prompt', 'hi'], { tty: { stdin: true, stderr: true } })
    await vi.waitFor(() => expect(run.terminal.err()).toContain('answer with a number: '), 5_000)
    expect(run.terminal.err()).toMatch(/\(\d{4} more characters are not shown; see: holdfast permissions ls --json\)/)
    run.terminal.stdin.write('2\n')
    expect(await run.done).toBe(5)
  })

  test('a question that Ctrl-C takes back is not said to be answered by somebody', async () => {
    gateway.onPrompt = asksFirst(execute)
    const run = gateway.cli.start(['prompt', 'hi'], { tty: { stdin: true, stderr: true } })
    await vi.waitFor(() => expect(run.terminal.err()).toContain('answer with a number: '), 5_000)
    run.interrupt()
    expect(await run.done).toBe(130)
    expect(run.terminal.err()).toContain('(no longer asked)')
    expect(run.terminal.err()).not.toContain('elsewhere')
  })

  test('a question ends when somebody else answers', async () => {
    gateway.onPrompt = asksFirst(execute)
    const run = gateway.cli.start(['prompt', 'hi'], { tty: { stdin: true, stderr: true } })
    await vi.waitFor(() => expect(run.terminal.err()).toContain('answer with a number: '), 5_000)
    const listed = await gateway.cli.run(['permissions', 'ls', '--json'])
    const [open] = lines(listed.out)
    const answered = await gateway.cli.run(['approve', String(open?.['id'])])
    expect(answered.out).toMatch(/answered: once\n$/)
    expect(await run.done).toBe(0)
    expect(run.terminal.err()).toContain('(answered elsewhere)')
  })
})

describe('run', () => {
  test('is a session of its own that is closed afterwards', async () => {
    const { code, out } = await gateway.cli.run(['run', 'hi'])
    expect(code).toBe(0)
    expect(out).toContain('hi')
    const [status] = await gateway.sessions.service.list({}, { limit: 1 })
    expect(status?.session).toMatchObject({ mode: 'oneshot', state: 'closed', key: undefined })
  })

  test('closes also when the turn fails', async () => {
    gateway.onPrompt = hang
    expect((await gateway.cli.run(['run', '--timeout', '0.2', 'hi'])).code).toBe(3)
    const [status] = await gateway.sessions.service.list({}, { limit: 1 })
    expect(status?.session.state).toBe('closed')
  })
})
