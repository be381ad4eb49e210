// Sessions of an agent's own through a real gateway and the command line: listed, adopted, their history read once.

import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')

const agent = (home: string, ...flags: string[]) => ({
  command: [process.execPath, SCRIPTED, `--state=${home}/listed`, ...flags] as [string, ...string[]],
})

async function withAgents(): Promise<TestGateway> {
  const gateway = await TestGateway.prepare()
  const agents = {
    lister: agent(gateway.home, '--list'),
    mute: agent(gateway.home),
    deleter: agent(gateway.home, '--delete', '--list'),
    forker: agent(gateway.home, '--fork'),
    forgetful: agent(gateway.home, '--no-load'),
  }
  await writeFile(join(gateway.home, 'config.jsonc'), JSON.stringify({ http: { enabled: false }, agents }))
  await gateway.start()
  return gateway
}

test('what an agent worked on without us is listed over pages, adopted, and goes on with its history', async () => {
  await using gateway = await withAgents()
  for (const words of ['one', 'two', 'three']) {
    const session = await gateway.newSession('lister')
    await gateway.ask(session, `remember ${words}`)
    await gateway.client.closeSession(session)
  }
  const listed = await gateway.run('sessions', 'adopt', '--agent', 'lister', '--json')
  const rows = listed.stdout.trim().split('\n')
  expect(rows.length).toBe(3)
  const { agent_session_id: id } = JSON.parse(rows[0] ?? '') as { agent_session_id: string }
  expect(gateway.agents()).toEqual([])

  const adopted = await gateway.run('sessions', 'adopt', '--agent', 'lister', '--id', id, '--key', 'mine', '--cwd', '.')
  expect([adopted.code, adopted.stdout]).toEqual([0, expect.stringContaining('adopted as ses_')])
  expect(await gateway.client.getSession('mine')).toMatchObject({ agent_session_id: id, label: 'On the list' })
  await gateway.ask('mine', 'and now')
  const events = await gateway.events('mine')
  const [imported] = events.filter(({ type }) => type === 'conversation.imported')
  expect(imported?.data).toMatchObject({ agent_session_id: id, is_told: true, left_out: 0 })
  const told = events.filter(({ type, turn_id: turnId }) => type === 'update' && turnId === null)
  expect(told.map(({ data }) => (data as { _meta?: object })._meta)).toContainEqual({ 'holdfast/origin': 'import' })
  expect(JSON.stringify(told)).toMatch(/remember (one|two|three)/)
  await gateway.kill('SIGKILL')
  await gateway.start()
  await gateway.ask('mine', 'once more')
  expect((await gateway.events('mine')).filter(({ type }) => type === 'conversation.imported').length).toBe(1)

  // Somebody goes on with it elsewhere, between two processes of ours.
  await gateway.client.resetSession('mine', { what: 'options' })
  const kept = join(gateway.home, 'listed', `${id}.jsonl`)
  await appendFile(kept, '{"role":"user","text":"from elsewhere"}\n{"role":"agent","text":"done elsewhere"}\n')
  await gateway.ask('mine', 'what is new')
  const after = await gateway.events('mine')
  const learned = after.filter(({ type }) => type === 'conversation.learned')
  expect(learned.map(({ data }) => data)).toMatchObject([{ agent_session_id: id, updates: 2, left_out: 0 }])
  expect(JSON.stringify(after.filter(({ type }) => type === 'update')).match(/done elsewhere/g)).toHaveLength(1)

  const again = await gateway.run('sessions', 'adopt', '--agent', 'lister', '--id', id, '--cwd', '.')
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('another agent session')])
})

test('an agent that cannot list or cannot open sessions says so, and nothing of it is left', async () => {
  await using gateway = await withAgents()
  const mute = await gateway.run('sessions', 'adopt', '--agent', 'mute')
  expect([mute.code, mute.stderr]).toEqual([2, expect.stringContaining('does not support session/list')])
  const forgetful = await gateway.run('sessions', 'adopt', '--agent', 'forgetful', '--id', 'x', '--cwd', '.')
  expect([forgetful.code, forgetful.stderr]).toEqual([2, expect.stringContaining('does not support session/load')])
  const unknown = await gateway.run('sessions', 'adopt', '--agent', 'lister', '--id', 'nothing')
  expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('has no session nothing')])
  const needless = await gateway.run('sessions', 'adopt', '--agent', 'lister', '--key', 'x')
  expect(needless.code).toBe(2)
  expect(gateway.agents()).toEqual([])
})

test('a session is forked from the command line, after a restart and once it is closed; both know what was said', async () => {
  await using gateway = await withAgents()
  const source = await gateway.newSession('forker')
  await gateway.ask(source, 'the first')
  const { stdout, code } = await gateway.run('sessions', 'fork', source, '--key', 'other')
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^forked ses_\w+ as ses_\w+\n$/)])
  await gateway.ask('other', '@recall')
  expect(await gateway.text('other')).toContain('recall 1: the first')
  await gateway.client.closeSession(source)
  await gateway.kill('SIGKILL')
  await gateway.start()
  const { session } = await gateway.client.forkSession(source)
  await gateway.client.resetSession(session.id, { what: 'options' })
  await gateway.ask(session.id, '@recall')
  expect(await gateway.text(session.id)).toContain('recall 1: the first')
  expect((await gateway.events(session.id)).map(({ type }) => type)).toContain('session.forked')
})

test('a close deletes what the agent keeps, if it can; else nothing is closed', async () => {
  await using gateway = await withAgents()
  const kept = await gateway.newSession('lister')
  await gateway.ask(kept, 'keep this')
  const refused = await gateway.run('sessions', 'close', kept, '--delete-conversation')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('does not support session/delete')])
  expect((await gateway.client.getSession(kept)).state).toBe('open')

  const session = await gateway.newSession('deleter')
  await gateway.ask(session, 'forget this')
  const { agent_session_id: id } = await gateway.client.getSession(session)
  const closed = await gateway.run('sessions', 'close', session, '--delete-conversation')
  expect([closed.code, closed.stdout]).toEqual([
    0,
    expect.stringContaining('its conversation was deleted at the agent'),
  ])
  const { sessions } = await gateway.client.listAgentSessions('deleter')
  expect(sessions.map(({ agent_session_id: one }) => one)).not.toContain(id)
  const again = await gateway.client.closeSession(session, { delete_conversation: true })
  expect([again.session.state, again.conversation_deleted]).toEqual(['closed', true])
  expect(gateway.agents().length).toBe(1) // that of the session that is open
})
