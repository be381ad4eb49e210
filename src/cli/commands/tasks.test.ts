// The commands about tasks and families, against the real API over the socket.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { says, TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'

let gateway: TestCliGateway
beforeEach(async () => {
  gateway = await TestCliGateway.start()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const run = (...args: string[]) => gateway.cli.run(args)

async function family(): Promise<void> {
  await run('sessions', 'ensure', 'boss', '--agent', 'fake')
  await run('sessions', 'ensure', 'child', '--agent', 'fake', '--parent', 'boss', '--label', 'write tests')
}

async function taskId(): Promise<string> {
  const [line] = (await run('tasks', '--json')).out.split('\n')
  return (JSON.parse(line ?? '') as { id: string }).id
}

describe('sessions', () => {
  test('ensure makes a session once; the other fields of a key that is taken are a conflict', async () => {
    expect((await run('sessions', 'ensure', 'one', '--agent', 'fake')).out).toMatch(/^made ses_/)
    expect((await run('sessions', 'ensure', 'ONE', '--agent', 'fake')).out).toMatch(/^found ses_/)
    const other = await run('sessions', 'ensure', 'one', '--agent', 'fake', '--add-dir', '/tmp')
    expect([other.code, other.err]).toEqual([0, expect.stringContaining('it keeps its MCP servers and directories')])
    const conflict = await run('sessions', 'ensure', 'one', '--agent', 'fake', '--mode', 'oneshot')
    expect([conflict.code, conflict.err]).toEqual([2, expect.stringContaining('another mode')])
    const reserved = await run('sessions', 'ensure', 'none', '--agent', 'fake')
    expect([reserved.code, reserved.err]).toEqual([2, expect.stringContaining('reserved')])
  })

  test('edit changes what is named, none takes it away, and nothing to change is a usage error', async () => {
    await family()
    expect((await run('sessions', 'edit', 'child', '--label', 'docs')).out).toMatch(/^label +docs$/m)
    const { out } = await run('sessions', 'edit', 'child', '--label', 'none', '--parent', 'none', '--json')
    expect(JSON.parse(out)).toMatchObject({ label: null, parent: null })
    expect((await run('sessions', 'edit', 'child')).code).toBe(2)
    expect((await run('sessions', 'edit', 'boss', '--parent', 'boss')).code).toBe(2)
  })

  test('ls finds children and labels', async () => {
    await family()
    expect((await run('sessions', 'ls', '--parent', 'boss')).out).toContain('child')
    expect((await run('sessions', 'ls', '--label', 'write')).out.trimEnd().split('\n')).toHaveLength(2)
    expect((await run('sessions', 'ls', '--label', 'nothing')).err).toContain('there are no sessions')
  })
})

describe('tasks', () => {
  test('ls and show tell how a task ended', async () => {
    await family()
    await run('prompt', '-s', 'child', 'go')
    const { out } = await run('tasks', 'ls', '--parent', 'boss')
    expect(out).toMatch(/^task_\w+ +succeeded +write tests /m)
    const id = await taskId()
    expect((await run('tasks', 'show', id)).out).toMatch(/^status +succeeded$/m)
    await vi.waitFor(async () => expect((await run('tasks', 'show', id)).out).toMatch(/^delivery +delivered$/m))
    expect((await run('tasks', 'ls', '--parent', 'child')).err).toContain('there are no tasks')
    expect((await run('tasks', 'show', 'task_none')).code).toBe(1)
  })

  test('cancel ends the turn of a task', async () => {
    await family()
    gateway.sessions.connector.onPrompt = ({ listener }) => listener.update(says('working'))
    gateway.sessions.connector.onCancel = ({ listener, prompts }) =>
      listener.answered(prompts.at(-1)!, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
    await run('prompt', '-s', 'child', '--no-wait', 'go')
    const id = await taskId()
    await vi.waitFor(async () => expect((await run('tasks', 'show', id)).out).toMatch(/^status +running$/m))
    expect((await run('tasks', 'cancel', id)).out).toMatch(/^asked the agent to stop turn_/)
    await vi.waitFor(async () => expect((await run('tasks', 'show', id)).out).toMatch(/^status +cancelled$/m))
    expect((await run('tasks', 'cancel', id)).out).toBe('nothing to cancel\n')
  })
})
