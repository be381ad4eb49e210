// Everything of ACP v1 with an agent on the official SDK, a peer that shares no code with us: what a person sees of it over the API and
// the command line, and at the end whether every message to it was one of the published schema.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { EventView } from '../../src/wire/event.ts'
import type { TurnView } from '../../src/wire/turn.ts'
import { killPid } from '../_support/kill.ts'
import { readPeerJournal } from '../_support/peer-journal.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

/** Everything that a client of v1 can ask or tell, forks among it. */
const WRITTEN = [
  '$/cancel_request',
  'authenticate',
  'initialize',
  'logout',
  'session/cancel',
  'session/close',
  'session/delete',
  'session/fork',
  'session/list',
  'session/load',
  'session/new',
  'session/prompt',
  'session/resume',
  'session/set_config_option',
  'session/set_mode',
]
const [MODEL_AWAY, TAKEN_BACK, LOGIN_NEEDED] = [-32603, -32800, -32000]

const AGENT = join(import.meta.dirname, '../agents/sdk-agent.ts')

let gateway: TestGateway
let journal: string
let further: string
/** Of the tests that need no session of their own. */
let session: string

beforeAll(async () => {
  gateway = await TestGateway.prepare()
  const { home } = gateway
  journal = join(home, 'peer.jsonl')
  further = join(home, 'further')
  await mkdir(further)
  const command = (name: string, ...flags: string[]) => ({
    command: [process.execPath, AGENT, `--journal=${journal}`, `--state=${home}/${name}`, ...flags],
  })
  const agents = {
    peer: { ...command('peer'), terminals: true, files: 'write' },
    locked: command('locked', `--login=${home}/login`),
    loader: command('loader', '--no-resume'),
  }
  const mcpServers = {
    tools: { command: ['/bin/tools', '--fast'], env: { TOOL: 'yes' } },
    web: { url: 'https://peer.test/mcp', headers: { 'X-One': 'two' } },
    old: { type: 'sse', url: 'https://peer.test/sse' },
  }
  const config = { http: { enabled: false }, deadlines: { cancelGraceMs: 300 }, agents, mcpServers }
  await writeFile(join(home, 'config.jsonc'), JSON.stringify(config))
  await gateway.start()
  session = await gateway.newSession('peer')
}, 60_000)
afterAll(() => gateway[Symbol.asyncDispose]())

type Told = Record<string, unknown>

async function eventsOf(turn: TurnView): Promise<EventView[]> {
  return (await gateway.events(turn.session_id)).filter(({ turn_id: id }) => id === turn.id)
}

async function updatesOf(turn: TurnView): Promise<Told[]> {
  return (await eventsOf(turn)).filter(({ type }) => type === 'update').map(({ data }) => data as Told)
}

async function saidIn(turn: TurnView): Promise<string> {
  const chunks = (await updatesOf(turn)).filter(({ sessionUpdate }) => sessionUpdate === 'agent_message_chunk')
  return chunks.map(({ content }) => (content as { text?: string }).text ?? '').join('')
}

/** What the agent reports at the end of a turn that went well. */
async function reportOf(turn: TurnView): Promise<unknown> {
  expect(turn).toMatchObject({ state: 'completed', delivery: 'yes', outcome: { stop_reason: 'end_turn' } })
  return JSON.parse(await saidIn(turn))
}

async function reported(id: string, prompt: string): Promise<unknown> {
  return reportOf(await gateway.ask(id, prompt))
}

async function says(turn: TurnView, words: string): Promise<void> {
  await until(async () => (await saidIn(turn)).includes(words), { ms: 10_000, what: () => `it says ${words}` })
}

async function openQuestion(): Promise<string> {
  const open = async () => (await gateway.client.listElicitations({ state: 'open' })).elicitations
  await until(async () => (await open()).length > 0, { ms: 10_000, what: () => `a question waits: ${gateway.output}` })
  return (await open())[0]!.id
}

async function openPermission() {
  const open = async () => (await gateway.client.listPermissions({ state: 'open' })).permissions
  await until(async () => (await open()).length > 0, { ms: 10_000, what: () => `a request waits: ${gateway.output}` })
  return (await open())[0]!
}

describe('prompts', () => {
  test('content of every kind and the _meta of a prompt arrive; usage and stop reason of the answer are shown', async () => {
    const prompt = [
      { type: 'text', text: 'look' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
      { type: 'resource', resource: { uri: 'file:///x', text: 'x' } },
      { type: 'resource_link', uri: 'file:///y', name: 'y' },
    ]
    const meta = { 'test/odd': { list: [1, null, 'ü\u2028'] } }
    const accepted = await gateway.client.prompt(session, { prompt, meta })
    const turn = await gateway.ended(session, accepted.turn.id)
    expect(await saidIn(turn)).toBe('You said: look [image] [audio] [resource] [resource_link]')
    expect((await updatesOf(turn))[0]?.['_meta']).toEqual(meta)
    const usage = { totalTokens: 12, inputTokens: 5, outputTokens: 7, thoughtTokens: null }
    expect(turn.outcome).toMatchObject({ state: 'completed', stop_reason: 'end_turn', usage })
  })

  test('every kind of update is in the log as it was sent, and what describes the session is shown', async () => {
    const run = await gateway.run('prompt', '-s', session, '@everything')
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('Hello there\n')])
    expect(run.stderr).toContain('warning: Nearly full: Ten percent are left.\n')
    const [turn] = (await gateway.client.listTurns(session)).turns as [TurnView]
    const sent = (await readPeerJournal(journal)).toClient.filter(({ method }) => method === 'session/update')
    const told = await updatesOf(turn)
    const asSent = sent.slice(-told.length).map(({ params }) => params?.['update'] as Told)
    // A chunk without a message id gets one.
    expect(told).toEqual(asSent.map((one, at) => ('content' in one ? { ...told[at], ...one } : one)))
    expect(new Set(told.map(({ sessionUpdate }) => sessionUpdate)).size).toBe(13)
    const shown = await gateway.client.getSession(session)
    expect(shown).toMatchObject({ title: 'Everything', controls: { modes: { current: 'code' } } })
    expect(shown.controls?.config.find(({ id }) => id === 'web')).toMatchObject({ type: 'boolean', current: true })
  })

  test('an error of the agent fails its turn in words, and the next prompt works', async () => {
    const failed = await gateway.ask(session, '@fail')
    expect(failed.outcome).toMatchObject({ state: 'failed', error: { code: 'AGENT_ERROR' } })
    expect(await saidIn(await gateway.ask(session, 'again'))).toBe('You said: again')
  })

  test('a notification of its own is an event, a request of its own is refused as unknown', async () => {
    const turn = await gateway.ask(session, '@extension')
    expect(await reportOf(turn)).toEqual({ code: -32601 })
    const [news] = (await eventsOf(turn)).filter(({ type }) => type === 'agent.extension')
    expect(news?.data).toEqual({ method: '_peer.test/news', params: { what: 'news' } })
  })
})

describe('cancels', () => {
  test('session/cancel ends a turn as cancelled, with what was said since', async () => {
    const { turn } = await gateway.client.prompt(session, { prompt: '@wait' })
    await says(turn, 'waiting')
    expect((await gateway.run('cancel', session, '--wait', '10')).code).toBe(0)
    const ended = await gateway.ended(session, turn.id)
    expect(ended.outcome).toMatchObject({ state: 'cancelled', stop_reason: 'cancelled', forced: false })
    expect(await saidIn(ended)).toBe('waiting until cancelled')
  })

  test('an agent that does not hear it has its request taken back, and lives', async () => {
    const { agent_pid: pid } = await gateway.client.getSession(session)
    const { turn } = await gateway.client.prompt(session, { prompt: '@deaf' })
    await says(turn, 'waiting')
    await gateway.client.cancel(session)
    expect((await gateway.ended(session, turn.id)).outcome).toMatchObject({ state: 'cancelled', forced: false })
    expect((await gateway.client.getSession(session)).agent_pid).toBe(pid)
  })

  test('requests that the agent takes back are closed here, and answered once', async () => {
    const turn = await gateway.ask(session, '@withdrawn')
    expect(await reportOf(turn)).toEqual([{ outcome: { outcome: 'cancelled' } }, { action: 'cancel' }])
    const [[permission], [question]] = [
      (await gateway.client.listPermissions({ session })).permissions,
      (await gateway.client.listElicitations({ session })).elicitations,
    ]
    expect([permission, question]).toMatchObject([{ state: 'void' }, { state: 'void' }])
  })
})

describe('people', () => {
  test('a permission is asked for on the command line, and what is chosen arrives', async () => {
    const { turn } = await gateway.client.prompt(session, { prompt: '@permission' })
    const request = await openPermission()
    expect(request.tool_call).toMatchObject({ title: 'Write a.txt', kind: 'edit' })
    const approved = await gateway.run('approve', request.id)
    expect([approved.code, approved.stdout]).toEqual([0, expect.stringContaining('yes')])
    expect(await reportOf(await gateway.ended(session, turn.id))).toEqual({ outcome: 'selected', optionId: 'yes' })
  })

  test('a form with every kind of field is filled in on the command line, and its values arrive with their types', async () => {
    const { turn } = await gateway.client.prompt(session, { prompt: '@form' })
    const first = await openQuestion()
    const set = ['name=Ada', 'level=hi', 'share=0.5', 'isPublic=true', 'colours=red', 'colours=blue', 'sizes=l']
    const given = set.flatMap((one) => ['--set', one])
    expect(await gateway.run('answer', first, '--accept', ...given)).toMatchObject({ code: 0, stderr: '' })
    const second = await openQuestion()
    expect(await gateway.run('answer', second, '--decline')).toMatchObject({ code: 0 })
    const defaults = { mail: 'a@peer.test', count: 3 }
    const chosen = { name: 'Ada', level: 'hi', share: 0.5, isPublic: true, colours: ['red', 'blue'], sizes: ['l'] }
    const answers = [{ action: 'accept', content: { ...defaults, ...chosen } }, { action: 'decline' }]
    expect(await reportOf(await gateway.ended(session, turn.id))).toEqual(answers)
  })

  test('a page is shown in full, and is done when the agent says so', async () => {
    const { turn } = await gateway.client.prompt(session, { prompt: '@page' })
    const id = await openQuestion()
    const answered = await gateway.run('answer', id, '--accept')
    expect(answered.stdout + answered.stderr).toContain('https://peer.test/sign-in?state=abc%20d#top')
    expect(await reportOf(await gateway.ended(session, turn.id))).toEqual({ action: 'accept' })
    expect(await gateway.client.getElicitation(id)).toMatchObject({
      action: 'accept',
      completed_at: expect.any(String),
    })
  })
})

describe('the machine', () => {
  test('files of the session are read and written, by line too; others are refused with codes', async () => {
    const path = join(gateway.workspace, 'made/here.txt')
    expect(await reported(session, `@files ${path} ${gateway.home}/config.jsonc`)).toMatchObject({
      whole: { content: 'one\ntwo\nthree\n' },
      second: { content: 'two\n' },
      refused: [-32602, -32002],
    })
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\nthree\n')
  })

  test('terminals are made, read, waited for, killed and released', async () => {
    expect(await reported(session, '@terminals')).toMatchObject({
      exit: { exitCode: 3 },
      output: { output: `two words in ${gateway.workspace}`, truncated: false, exitStatus: { exitCode: 3 } },
      running: { output: '', truncated: false },
      takenBack: TAKEN_BACK,
      killed: { signal: expect.stringContaining('SIG') },
      gone: -32002,
    })
  })
})

describe('logins', () => {
  test('a prompt waits for a login, and goes on after it; a logout ends it', async () => {
    const id = await gateway.newSession('locked')
    const { turn } = await gateway.client.prompt(id, { prompt: 'in' })
    const blocked = async () => (await gateway.client.getSession(id)).blocked
    await until(async () => (await blocked()) !== null, { ms: 10_000, what: () => 'it waits for a login' })
    expect((await blocked())?.login?.methods).toEqual([
      { id: 'by-itself', name: 'By itself', kind: 'agent' },
      { id: 'by-hand', name: 'By hand', kind: 'terminal' },
    ])
    const login = await gateway.run('agents', 'login', 'locked', '--method', 'by-itself')
    expect([login.code, login.stdout]).toEqual([0, 'logged in: locked opens sessions\n'])
    expect(await saidIn(await gateway.ended(id, turn.id))).toBe('You said: in')
    const { sessions } = await gateway.client.listAgentSessions('locked')
    expect(new Set(sessions.map(({ cwd }) => cwd))).toEqual(new Set([gateway.workspace])) // none of the login
    const logout = await gateway.run('agents', 'logout', 'locked')
    expect([logout.code, logout.stdout]).toEqual([0, 'logged out of locked\n'])
  })
})

describe('sessions', () => {
  test('what a session is opened with arrives: MCP servers of all kinds, directories, options, modes', async () => {
    const options = { mode: 'code', model: 'large', thinking: 'high', config: { web: true } }
    const equipment = { mcp_servers: ['tools', 'web', 'old'], additional_directories: [further] }
    const id = await gateway.newSession('peer', { options, ...equipment })
    expect(await reported(id, '@session')).toMatchObject({
      opened: 'new',
      mode: 'code',
      model: 'large',
      effort: 'high',
      web: true,
      equipment: {
        cwd: gateway.workspace,
        directories: [further],
        mcpServers: [
          { name: 'tools', command: '/bin/tools', args: ['--fast'], env: [{ name: 'TOOL', value: 'yes' }] },
          { type: 'http', name: 'web', url: 'https://peer.test/mcp', headers: [{ name: 'X-One', value: 'two' }] },
          { type: 'sse', name: 'old', url: 'https://peer.test/sse', headers: [] },
        ],
      },
    })
    const set = await gateway.run('sessions', 'set', id, 'mode=ask', 'config.web=false', 'model=small', 'thinking=low')
    expect([set.code, set.stderr]).toEqual([0, ''])
    const now = await reported(id, '@session')
    expect(now).toMatchObject({ opened: 'new', mode: 'ask', model: 'small', effort: 'low', web: false })
    await gateway.run('sessions', 'set', id, '--mcp', 'none', '--add-dir', 'none')
    const other = { opened: 'resume', equipment: { directories: [], mcpServers: [] } }
    expect(await reported(id, '@session')).toMatchObject(other)
  })

  test('a fork goes on with what was said, beside its source', async () => {
    const source = await gateway.newSession('peer')
    await gateway.ask(source, 'the first')
    expect((await gateway.run('sessions', 'fork', source, '--key', 'forked')).code).toBe(0)
    expect(await reported('forked', '@session')).toMatchObject({ opened: 'fork' })
    const { agent_session_id: one } = await gateway.client.getSession(source)
    const { agent_session_id: other, agent_session_source: how } = await gateway.client.getSession('forked')
    expect([one === other, how]).toEqual([false, 'fork'])
    const kinds = ['user_message_chunk', 'agent_message_chunk', 'user_message_chunk', 'agent_message_chunk']
    expect(await reported('forked', '@recall')).toEqual([...kinds, 'user_message_chunk'])
  })

  test('a load tells everything again, and nothing of it is in the log twice', async () => {
    const id = await gateway.newSession('loader')
    for (const prompt of ['@everything', 'and more']) await gateway.ask(id, prompt)
    const { agent_pid: pid } = await gateway.client.getSession(id)
    killPid(pid, 'SIGKILL')
    const isGone = async () => (await gateway.client.getSession(id)).agent_pid === null
    await until(isGone, { ms: 10_000, what: () => 'the death was seen' })
    expect(await reported(id, '@session')).toMatchObject({ opened: 'load', mode: 'code', web: true })
    const events = await gateway.events(id)
    expect(events.filter(({ type }) => type.startsWith('conversation.'))).toEqual([])
    expect(events.filter(({ data }) => JSON.stringify(data).includes('"Hello "'))).toHaveLength(1)
  })

  test('a question and the request after it go on over a kill -9 of the gateway', async () => {
    const { turn } = await gateway.client.prompt(session, { prompt: '@later' })
    const question = await openQuestion()
    await gateway.kill('SIGKILL')
    await gateway.start()
    await gateway.client.answerElicitation(question, { action: 'accept', content: {} })
    const request = await openPermission()
    expect(request.tool_call).toMatchObject({ title: 'Write a.txt', kind: 'edit' })
    await gateway.client.answerPermission(request.id, { option_id: 'no' })
    expect(await reportOf(await gateway.ended(session, turn.id))).toEqual({ outcome: 'selected', optionId: 'no' })
  })

  test('its own sessions are listed over pages, adopted with their past, closed and deleted', async () => {
    const made = await gateway.newSession('peer', { additional_directories: [further] })
    await gateway.ask(made, 'before')
    const { agent_session_id: id } = await gateway.client.getSession(made)
    await gateway.client.closeSession(made)
    const listed = await gateway.client.listAgentSessions('peer', { cwd: gateway.workspace })
    expect(listed.is_cut).toBe(false)
    expect(listed.sessions.length).toBeGreaterThanOrEqual(2)
    expect(listed.sessions).toContainEqual({
      agent_session_id: id,
      cwd: gateway.workspace,
      additional_directories: [further],
      title: `Title of ${id?.slice(0, 4)}`,
      updated_at: null,
      session_id: null,
    })
    const adopted = await gateway.run(
      'sessions',
      'adopt',
      '-a',
      'peer',
      '--id',
      id!,
      '--key',
      'adopted',
      '--add-dir',
      further,
    )
    expect([adopted.code, adopted.stderr]).toEqual([0, ''])
    expect(await reported('adopted', '@session')).toMatchObject({
      opened: 'load',
      equipment: { directories: [further] },
    })
    const past = (await gateway.events('adopted')).filter(
      ({ turn_id: turn, type }) => turn === null && type === 'update',
    )
    expect(JSON.stringify(past)).toContain('You said: before')
    expect((await gateway.run('sessions', 'close', 'adopted', '--delete-conversation')).code).toBe(0)
    const left = await gateway.client.listAgentSessions('peer')
    expect(left.sessions.map(({ agent_session_id: one }) => one)).not.toContain(id)
  })
})

test('every message to the agent is one of the published schema, and its own validation dropped nothing of it', async () => {
  const { toAgent, toClient, violations, complaints } = await readPeerJournal(journal)
  expect(violations).toEqual([])
  expect(complaints).toEqual([])
  const asked = new Set(toAgent.flatMap(({ method = [] }) => method))
  expect([...asked].toSorted()).toEqual(WRITTEN)
  const refused = toClient.flatMap(({ error }) => error?.code ?? [])
  expect(new Set(refused)).toEqual(new Set([MODEL_AWAY, TAKEN_BACK, LOGIN_NEEDED]))
})

test('nothing that such an agent says is odd to us', async () => {
  const { sessions } = await gateway.client.listSessions()
  const events = await Promise.all(sessions.map(({ id }) => gateway.events(id)))
  const warnings = events.flat().filter(({ type }) => type === 'agent.warning')
  expect(warnings.filter(({ data }) => 'warning' in (data as Told))).toEqual([])
})
