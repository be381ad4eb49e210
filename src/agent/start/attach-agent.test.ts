import { expect, test, vi } from 'vitest'

import { systemClock } from '../../base/clock.ts'
import type { AgentSessionId, SessionId, TurnId } from '../../base/ids.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { LocalProcess, ProcessExit, ProcessListener, StopReport } from '../../keeper/agent-host.ts'
import type { PinnedLine } from '../../keeper/held/pinned-lines.ts'
import type { HeldTerminal } from '../../keeper/held/terminal.ts'
import { canHoldEntries } from '../files/held-entry.ts'
import { listHeldAgents } from './attach-agent.ts'
import type { AgentConnection, AgentListener, AttachRequest } from '../connection.ts'
import type { AgentDefinition } from '../definition.ts'

const REPORT: StopReport = { forced: false, swept: 0, survivors: [], ms: 0, exit: undefined }
const TURN = 'turn_1' as TurnId

/** A process as its holder keeps it: lines with numbers, frames with names. Tells when it is listened to, as the port says. */
class SpooledProcess implements LocalProcess {
  readonly leaseId = 1
  readonly pid = 42
  readonly startedAt = 0
  readonly isRetiring = true
  readonly sent: JsonObject[] = []
  readonly frames = new Set<string>()
  pinned: PinnedLine[] = []
  acknowledged = 0
  exit: ProcessExit | undefined
  readonly #lines: string[] = []
  #listener: ProcessListener | undefined

  say(...messages: JsonObject[]): void {
    const first = this.#lines.length + 1
    const lines = messages.map((message) => JSON.stringify({ jsonrpc: '2.0', ...message }))
    this.#lines.push(...lines)
    this.#listener?.onLines({ first, lines })
  }

  listen(listener: ProcessListener): void {
    queueMicrotask(() => {
      this.#listener = listener
      listener.onLines({ first: this.acknowledged + 1, lines: this.#lines.slice(this.acknowledged) })
      if (this.exit !== undefined) listener.onExit(this.exit)
    })
  }

  send(line: string, frameId?: string): void {
    if (frameId !== undefined && this.frames.has(frameId)) return
    if (frameId !== undefined) this.frames.add(frameId)
    this.pinned = this.pinned.filter((pinned) => pinned.frameId !== frameId)
    this.sent.push(JSON.parse(line) as JsonObject)
  }

  flushed(): Promise<boolean> {
    return Promise.resolve(true)
  }

  wasWritten(frameId: string): boolean {
    return this.frames.has(frameId)
  }

  pin(line: number, frameId: string): void {
    this.pinned.push({ line, frameId, text: this.#lines[line - 1] ?? '' })
  }

  acknowledge(n: number): void {
    this.acknowledged = Math.max(n, this.acknowledged)
  }

  stderrTail(): string {
    return ''
  }

  stop(): Promise<StopReport> {
    return Promise.resolve(REPORT)
  }
}

interface Attached {
  readonly told: string[]
  readonly connection: AgentConnection
}

async function attach(
  process: SpooledProcess,
  rows: Partial<AttachRequest>,
  terminals: readonly HeldTerminal[] = [],
  definition?: AgentDefinition,
): Promise<Attached> {
  const held = { process, sessionId: 'ses_1' as SessionId, generation: 3, agent: 'fake' }
  const [agent] = listHeldAgents({
    host: {
      held: () => [held],
      heldTerminals: () => terminals,
      spawnTerminal: () => Promise.reject(new Error('not here')),
    },
    clock: systemClock,
    environmentOf: () => ({}),
    findDefinition: () => definition,
    ownPlaces: { directories: [], files: [] },
  })
  const connection = agent?.attach({
    roots: ['/work'],
    agentSessionId: 's1' as AgentSessionId,
    capabilities: '{"prompt":{"image":false,"audio":false,"embeddedContext":false}}',
    cwd: '/work',
    line: 2,
    turnId: undefined,
    requests: [],
    lastUpdate: undefined,
    updates: [],
    life: 9,
    ...rows,
  }) as AgentConnection
  const told: string[] = []
  connection.listen(recorder(told))
  await new Promise((resolve) => setImmediate(resolve))
  return { told, connection }
}

function recorder(told: string[]): AgentListener {
  return {
    update: (data, line) => {
      const { content, messageId } = JSON.parse(data) as { content?: { text: string }; messageId?: string }
      told.push(`${line} ${content?.text} ${messageId}`)
    },
    answered: (turnId, answer, line) => told.push(`${line} answered ${turnId} ${answer.kind}`),
    permissionAsked: ({ requestId, line, toolCall }) => {
      const { title } = JSON.parse(toolCall) as { title?: string }
      told.push(`${line} permission ${requestId}${title === undefined ? '' : ` ${title}`}`)
    },
    elicitationAsked: ({ requestId, line }) => told.push(`${line} elicitation ${requestId}`),
    elicitationCompleted: (id, line) => told.push(`${line} completed ${id}`),
    described: () => {},
    controlled: (no, { kind }, line) => told.push(`${line} ${kind} ${no}`),
    requestCancelled: (requestId, line) => told.push(`${line} withdrawn ${requestId}`),
    extension: (data, line) => told.push(`${line} extension ${data}`),
    warning: (data, line) => told.push(`${line} warning ${(JSON.parse(data) as { warning: string }).warning}`),
    alive: () => told.push('alive'),
    lost: ({ code }) => told.push(`lost ${code}`),
    batchEnd: (n) => told.push(`end ${n}`),
  }
}

const answer = (id: Json, result: JsonObject = {}): JsonObject => ({ id, result })
const chunk = (text: string): JsonObject => ({
  method: 'session/update',
  params: { sessionId: 's1', update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } } },
})
const ask = (id: number): JsonObject => ({
  id,
  method: 'session/request_permission',
  params: {
    sessionId: 's1',
    toolCall: { toolCallId: 't' },
    options: [{ optionId: 'y', name: 'Yes', kind: 'allow_once' }],
  },
})
const REFUSED = { outcome: { outcome: 'cancelled' } }

/** Lines 1 and 2: what every agent has answered in its handshake. */
function shaken(): SpooledProcess {
  const process = new SpooledProcess()
  process.say(answer(0), answer(1, { sessionId: 's1' }))
  return process
}

test('nothing is said to the agent; what is stored is not told again, the rest is told with its numbers', async () => {
  const process = shaken()
  process.say(chunk('stored'), chunk('new'), answer(TURN, { stopReason: 'end_turn' }))
  const { told, connection } = await attach(process, { line: 3, turnId: TURN })
  expect(told).toEqual(['end 3', '4 new m3.3.1', `5 answered ${TURN} stopped`, 'end 5'])
  expect(process.sent).toEqual([])
  expect(connection).toMatchObject({ pid: 42, line: 3, isRetiring: true, agentSessionId: 's1' })
})

test('telling starts after what was acknowledged, also when that is more than what is stored', async () => {
  const process = shaken()
  process.say({ method: 'unknown/notification', params: {} }, chunk('new'))
  process.acknowledge(3)
  expect((await attach(process, { line: 2 })).told).toEqual(['end 2', '4 new m3.2.1', 'end 4'])
})

test('the open message goes on under its id; another one gets an id that no earlier life has given', async () => {
  const lastUpdate = JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: {}, messageId: 'm3.7' })
  for (const [last, id] of [
    [lastUpdate, 'm3.7'],
    [lastUpdate.replace('m3.7', 'm3.120.7'), 'm3.120.7'],
    [lastUpdate.replace('m3.7', 'm2.7'), 'm3.2.1'],
    [lastUpdate.replace('message_chunk', 'thought_chunk'), undefined],
    [undefined, 'm3.2.1'],
  ] as const) {
    const process = shaken()
    process.say(chunk('more'))
    const { told } = await attach(process, { lastUpdate: last })
    expect(told[1]).toBe(`3 more ${id ?? 'm3.8'}`)
  }
})

test('C-57 a request of a call that an earlier life has told of is completed with that', async () => {
  const process = shaken()
  const call = { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Write a.txt', kind: 'edit' }
  process.say(ask(5))
  const { told } = await attach(process, { turnId: TURN, updates: [JSON.stringify(call)] })
  expect(told).toContain('3 permission 5 Write a.txt')
})

test('an open request is answered under the name of its line, and is not asked again when its line is read again', async () => {
  const process = shaken()
  process.say(ask(5), chunk('stored'))
  const { told, connection } = await attach(process, { line: 4, requests: [{ requestId: 5, line: 3 }] })
  connection.answerPermission(5, { outcome: 'selected', optionId: 'y' })
  expect(told).toEqual(['end 4', 'end 4'])
  expect(process.sent).toMatchObject([{ id: 5, result: { outcome: { outcome: 'selected', optionId: 'y' } } }])
  expect([...process.frames]).toEqual(['a3'])
})

test('a request behind the stored position without a row was refused: it gets that answer if it has none, and no second one', async () => {
  for (const isWritten of [false, true]) {
    const process = shaken()
    process.say(ask(5), chunk('stored'))
    if (isWritten) process.frames.add('a3')
    const { told } = await attach(process, { line: 4 })
    expect(told).toEqual(['end 4', 'end 4'])
    expect(process.sent).toEqual(isWritten ? [] : [{ jsonrpc: '2.0', id: 5, result: REFUSED }])
  }
})

test('a request beyond the stored position is asked, unless an earlier life has answered it', async () => {
  const process = shaken()
  process.say(ask(5), ask(6))
  process.frames.add('a3')
  const { told } = await attach(process, {})
  expect(told).toEqual(['end 2', '4 permission 6', 'end 4'])
  expect(process.sent).toEqual([])
})

test('what is refused at once is refused once, however often its line is read', async () => {
  const process = shaken()
  process.say({ id: 7, method: 'fs/read_text_file', params: {} })
  for (let life = 1; life <= 3; life++) await attach(process, { life })
  expect(process.sent).toMatchObject([{ id: 7, error: { code: -32601 } }])
})

test('a file that was asked for and not answered is given by the next life, once, if its agent still gets files', async () => {
  const reading = {
    id: 7,
    method: 'fs/read_text_file',
    params: { sessionId: 's1', path: import.meta.filename, limit: 1 },
  }
  const own = { name: 'fake', title: 'Fake', argv: ['fake'] as const, env: {}, source: 'config' as const }
  const lives = async (files: 'read' | 'none'): Promise<JsonObject[]> => {
    const process = shaken()
    process.say(reading)
    const rows = { line: 3, roots: [import.meta.dirname] } // stored, and not let go of
    for (let life = 1; life <= 2; life++) {
      await attach(process, { ...rows, life }, [], { ...own, files })
      await vi.waitFor(() => expect(process.sent).toHaveLength(1))
    }
    return process.sent
  }
  const given = canHoldEntries()
    ? { result: { content: "import { expect, test, vi } from 'vitest'\n" } }
    : { error: {} }
  expect(await lives('read')).toMatchObject([{ id: 7, ...given }])
  expect(await lives('none')).toMatchObject([{ id: 7, error: { code: -32601 } }])
})

test('the exit of a process that ended meanwhile comes after its last lines', async () => {
  const process = shaken()
  process.say(chunk('last'))
  process.exit = { code: 1, signal: null }
  expect((await attach(process, {})).told.slice(1)).toEqual(['3 last m3.2.1', 'end 3', 'lost AGENT_EXITED'])
})

test('a prompt goes to the agent under the id of its turn, and its answer ends that turn', async () => {
  const process = shaken()
  const { told, connection } = await attach(process, {})
  connection.prompt(TURN, JSON.stringify([{ type: 'text', text: 'hi' }]))
  expect(process.sent).toMatchObject([{ id: TURN, method: 'session/prompt', params: { sessionId: 's1' } }])
  process.say(answer(TURN, { stopReason: 'end_turn' }))
  expect(told.slice(-2)).toEqual([`3 answered ${TURN} stopped`, 'end 3'])
})

test('what the agent can do is known from the rows: content that it does not take is refused', async () => {
  const process = shaken()
  const { told, connection } = await attach(process, {})
  connection.prompt(TURN, JSON.stringify([{ type: 'image', data: '', mimeType: 'image/png' }]))
  expect(told.at(-1)).toBe(`2 answered ${TURN} refused`)
})

// ACP v2: the answer to a prompt and the end of its turn are two lines, and a life may end between them.

const V2_CAPABILITIES = '{"protocol":2,"prompt":{"image":false,"audio":false,"embeddedContext":false}}'
const v2 = (sessionUpdate: string, fields: JsonObject): JsonObject => ({
  method: 'session/update',
  params: { sessionId: 's1', update: { sessionUpdate, ...fields } },
})
const state = (name: string): JsonObject => v2('state_update', { state: name })
const words = (text: string): JsonObject =>
  v2('agent_message_chunk', { messageId: 'a', content: { type: 'text', text } })
const updateOf = ({ params }: JsonObject): string => JSON.stringify((params as { update: JsonObject }).update)

/** What a turn of v2 may have said; the last line is its end. */
const V2_TURNS: Readonly<Record<string, JsonObject[]>> = {
  'is inserted, then worked on': [
    answer(TURN, { messageId: 'u' }),
    state('running'),
    words('one'),
    words('two'),
    state('idle'),
  ],
  'is worked on before it is said to be inserted': [
    state('running'),
    answer(TURN, { messageId: 'u' }),
    words('one'),
    state('idle'),
  ],
  'never says that it runs': [answer(TURN, { messageId: 'u' }), words('one'), words('two'), state('idle')],
}

test.each(Object.entries(V2_TURNS))(
  'a turn of ACP v2 that %s ends once, wherever the life before ended in it',
  async (_, turn) => {
    for (let read = 0; read < turn.length; read++) {
      const process = shaken()
      const updates = turn.slice(0, read).filter(({ method }) => method !== undefined)
      process.say(...turn)
      const { told } = await attach(process, {
        capabilities: V2_CAPABILITIES,
        line: 2 + read,
        turnId: TURN,
        updates: updates.map(updateOf),
      })
      const ends = told.filter((one) => one.includes('answered'))
      expect(ends).toEqual([`${2 + turn.length} answered ${TURN} stopped`])
      expect(told.filter((one) => one.includes(' one'))).toHaveLength(
        turn.slice(read).filter((one) => updateOrNone(one).includes('"one"')).length,
      )
    }
  },
)

const updateOrNone = (message: JsonObject): string => (message['method'] === undefined ? '' : updateOf(message))

test('a line of ACP v2 that is stored and read again counts once in what is patched later', async () => {
  const process = shaken()
  process.say(words('one'), v2('agent_message', { messageId: 'a', content: [{ type: 'text', text: 'one two' }] }))
  const { told } = await attach(process, { capabilities: V2_CAPABILITIES, line: 3, updates: [updateOf(words('one'))] })
  expect(told).toEqual(['end 3', '4  two a', 'end 4'])
})

test('an idle that is told again to a later life does not end the turn of ACP v2 that goes on', async () => {
  const process = shaken()
  const again = v2('state_update', { state: 'idle', stopReason: 'end_turn' })
  process.say(answer(TURN, { messageId: 'u' }), again, state('running'), again)
  const { told } = await attach(process, { capabilities: V2_CAPABILITIES, turnId: TURN })
  expect(told.filter((one) => one.includes('answered'))).toEqual([`6 answered ${TURN} stopped`])
})

test('the late answer to a prompt of ACP v2 does not end the turn after it', async () => {
  const process = shaken()
  process.say(state('idle'))
  const { told, connection } = await attach(process, {
    capabilities: V2_CAPABILITIES,
    turnId: TURN,
    updates: [updateOf(state('running'))],
  })
  connection.prompt('turn_2' as TurnId, JSON.stringify([{ type: 'text', text: 'hi' }]))
  process.say({ id: TURN, error: { code: -32_800, message: 'cancelled' } })
  expect(told.filter((one) => one.includes('answered'))).toEqual([`3 answered ${TURN} stopped`])
})

test('the late answer to a prompt of ACP v2 whose turn is over changes nothing', async () => {
  const process = shaken()
  process.say(state('idle'), answer(TURN, { messageId: 'u' }))
  const { told } = await attach(process, {
    capabilities: V2_CAPABILITIES,
    turnId: TURN,
    updates: [updateOf(state('running'))],
  })
  expect(told.slice(1).filter((one) => !one.includes('undefined'))).toEqual([`3 answered ${TURN} stopped`, 'end 4'])
})
