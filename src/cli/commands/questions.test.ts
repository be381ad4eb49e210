// Questions of agents on the command line against the real API: what is listed, asked and sent.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Elicitation } from '../../agent/elicitations/elicitation.ts'
import type { CliRun } from '../../../test/_support/test-cli.ts'
import type { OnPrompt } from '../../../test/_support/fake-connector.ts'
import { says, TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'
import { until } from '../../../test/_support/until.ts'

let gateway: TestCliGateway
beforeEach(async () => {
  gateway = await TestCliGateway.start()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const FORM: Elicitation = {
  mode: 'form',
  message: 'Which project?',
  toolCallId: undefined,
  requestedSchema: {
    type: 'object',
    title: 'A new project',
    properties: {
      name: { type: 'string', title: 'Name', minLength: 2, description: 'of the folder' },
      size: {
        type: 'string',
        oneOf: [
          { const: 's', title: 'Small' },
          { const: 'm', title: 'Medium' },
        ],
        default: 's',
      },
      public: { type: 'boolean' },
    },
    required: ['name'],
  },
}
const URL_TEXT = 'https://login.example/device?code=ABCD-EFGH&for=a-very-long-name-that-goes-on-and-on-past-the-edge'
const LINK: Elicitation = { mode: 'url', message: 'Log in', toolCallId: undefined, url: URL_TEXT, elicitationId: 'e1' }
const TTY = { tty: { stdin: true, stderr: true }, env: { NO_COLOR: '1' } }

const run = (...args: string[]) => gateway.cli.run(args)

/** Asks, and says what it was told. */
function asks(elicitation: Elicitation): OnPrompt {
  return ({ listener, answers }, turnId) => {
    answers.push = (...items) => {
      listener.update(says(`told ${JSON.stringify(items[0])}`))
      listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
      return items.length
    }
    listener.elicitationAsked('r1', elicitation)
  }
}

/** The id of the question that a prompt leads to. */
async function ask(elicitation: Elicitation): Promise<string> {
  gateway.onPrompt = asks(elicitation)
  await run('prompt', '-s', 'mine', '--agent', 'fake', '--no-wait', 'go')
  const ids = async () => (await run('questions', '--json')).out.split('\n').filter((line) => line !== '')
  await until(async () => (await ids()).length === 1, { ms: 3_000, what: () => 'a question waits' })
  return (JSON.parse((await ids())[0]!) as { id: string }).id
}

/** Types each line when its prompt is there. */
async function type(started: CliRun, ...steps: (readonly [prompt: string, line: string])[]): Promise<string> {
  for (const [prompt, line] of steps) {
    const isThere = () => started.terminal.err().endsWith(prompt)
    await until(isThere, { ms: 3_000, what: () => `no ${prompt} in ${started.terminal.err()}` })
    started.terminal.stdin.write(`${line}\n`)
  }
  await started.done
  return started.terminal.err()
}

describe('answer', () => {
  test('asks field by field at a terminal, again until a value is good, and sends what was filled in', async () => {
    const id = await ask(FORM)
    const started = gateway.cli.start(['answer', id], TTY)
    const err = await type(
      started,
      ['c = cancel: ', 'maybe'],
      ['c = cancel: ', 'y'],
      ['name: ', 'x'],
      ['at least 2 characters\n  name: ', 'demo'],
      ['size [s]: ', 'medium'],
      ['public [left out]: ', ''],
    )
    expect(err).toContain('The agent asks: Which project?\n  A new project\n')
    expect(err).toContain('  Name [name]: of the folder (text, at least 2 characters, required)\n')
    expect(err).toContain('    2) Medium\n')
    expect(started.terminal.out()).toBe(`${id} accepted (name, size)\n`)
    const turn = await run('events', 'mine')
    expect(turn.out).toContain('told {"action":"accept","content":{"name":"demo","size":"m"}}')
  })

  test('C-67 shows a URL in full, where it leads, and asks for consent', async () => {
    const id = await ask(LINK)
    const started = gateway.cli.start(['answer', id], TTY)
    const err = await type(started, ['c = cancel: ', 'y'])
    expect(err).toContain(`  ${URL_TEXT}\n  (leads to login.example; it is not opened for you)\n`)
    expect(started.terminal.out()).toBe(`${id} accepted\n`)
  })

  test('C-67 --accept without a terminal shows the URL too', async () => {
    const id = await ask(LINK)
    expect((await run('answer', id, '--accept')).err).toContain(`  ${URL_TEXT}\n  (leads to login.example;`)
  })

  test.each([
    [['--set', 'name=demo', '--set', 'public=yes'], 'accepted (name, size, public)'],
    [['--decline'], 'declined'],
    [['--cancel'], 'dismissed'],
  ])('with %j needs no terminal', async (options, end) => {
    const id = await ask(FORM)
    expect(await run('answer', id, ...options)).toMatchObject({ code: 0, out: `${id} ${end}\n` })
    expect((await run('questions', '--history')).out).toContain(end)
  })

  test('a value that is wrong is a mistake in usage, and the question stays open', async () => {
    const id = await ask(FORM)
    const { code, err } = await run('answer', id, '--set', 'name=x')
    expect([code, err]).toEqual([2, expect.stringContaining('Field name must have at least 2 characters.')])
    expect((await run('answer', id)).code).toBe(2)
    expect((await run('answer', id, '--accept', '--decline')).code).toBe(2)
    expect((await run('questions')).out).toContain(id)
  })

  test('a late answer is told who was first', async () => {
    const id = await ask(FORM)
    await run('answer', id, '--decline')
    const { code, err } = await run('answer', id, '--cancel')
    expect([code, err]).toEqual([1, expect.stringContaining('it was closed by cli at ')])
    expect((await run('answer', 'elic_none', '--cancel')).code).toBe(1)
  })
})

describe('questions', () => {
  test('an agent without a question is said to have none', async () => {
    expect(await run('questions')).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining('no agent waits') as string,
    })
  })

  test('follow tells what is open, each answer, and that a page is done', async () => {
    const id = await ask(LINK)
    const following = gateway.cli.start(['questions', '-f'])
    const out = () => following.terminal.out()
    await until(() => out().includes('asks  Log in'), { ms: 3_000, what: () => 'it is told' })
    await run('answer', id, '--accept')
    await until(() => out().includes('accepted  by cli'), { ms: 3_000, what: () => 'its answer is told' })
    gateway.sessions.connector.agents[0]!.listener.elicitationCompleted('e1')
    await until(() => out().includes('accepted, done'), { ms: 3_000, what: () => 'its end is told' })
    following.interrupt()
    expect(await following.done).toBe(130)
  })

  test('status counts them, explain says how to answer', async () => {
    const id = await ask(FORM)
    expect((await run('status')).out).toMatch(/questions +1 open/)
    expect((await run('explain', 'mine')).out).toContain(`holdfast answer ${id}\n`)
  })
})

describe('a prompt', () => {
  test('asks the person at the terminal', async () => {
    gateway.onPrompt = asks(LINK)
    const started = gateway.cli.start(['prompt', '-s', 'mine', '--agent', 'fake', 'go'], TTY)
    await type(started, ['c = cancel: ', 'n'])
    expect(started.terminal.out()).toContain('told {"action":"decline"}')
    expect(await started.done).toBe(0)
  })

  test('declines where nobody can be asked, and says so', async () => {
    gateway.onPrompt = asks(FORM)
    const { code, err } = await run('prompt', '-s', 'mine', '--agent', 'fake', 'go')
    expect([code, err]).toEqual([0, expect.stringContaining('question declined: nobody to ask')])
  })
})
