// What an agent is answered about its terminals, over a host that starts nothing.

import { expect, test } from 'vitest'

import { HoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { ProcessExit, StopReport } from '../../keeper/agent-host.ts'
import type { Terminal, TerminalSpec } from '../../keeper/held/terminal.ts'
import { AgentTerminals, TERMINALS_MAX, type TerminalAnswer } from './agent-terminals.ts'

class FakeTerminal implements Terminal {
  readonly leaseId: number
  readonly line: number
  readonly calls: string[] = []
  exit: ProcessExit | undefined
  survivors: number[] = []
  tell: () => void = () => {}
  readonly #exited = Promise.withResolvers<ProcessExit>()

  constructor(leaseId: number, line: number) {
    this.leaseId = leaseId
    this.line = line
  }

  get exited(): Promise<ProcessExit> {
    return this.#exited.promise
  }

  end(exit: ProcessExit): void {
    this.exit = exit
    this.#exited.resolve(exit)
  }

  read(): { text: string; isTruncated: boolean } {
    return { text: 'out', isTruncated: false }
  }

  watch(tell: () => void): void {
    this.tell = tell
  }

  stop(): Promise<StopReport> {
    this.calls.push('stop')
    this.end({ code: null, signal: 'SIGTERM' })
    return Promise.resolve({ forced: true, swept: 1, survivors: this.survivors, ms: 1, exit: this.exit })
  }

  release(): Promise<StopReport> {
    this.calls.push('release')
    return this.stop()
  }
}

interface Rig {
  readonly all: FakeTerminal[]
  readonly specs: TerminalSpec[]
  readonly terminals: AgentTerminals
  ask(method: string, params?: JsonObject, line?: number): Promise<TerminalAnswer>
}

function openRig(start?: (spec: TerminalSpec, signal?: AbortSignal) => Promise<Terminal>): Rig {
  const all: FakeTerminal[] = []
  const specs: TerminalSpec[] = []
  const spawn = (spec: TerminalSpec): Promise<Terminal> => {
    all.push(new FakeTerminal(all.length + 1, spec.terminal.line))
    return Promise.resolve(all.at(-1) as Terminal)
  }
  const spawnTerminal = (spec: TerminalSpec, signal?: AbortSignal): Promise<Terminal> => {
    specs.push(spec)
    return (start ?? spawn)(spec, signal)
  }
  const ground = { agent: 'a', env: { PATH: '/bin', A: '1' }, cwd: '/work', sessionId: 's' as SessionId, generation: 2 }
  const terminals = new AgentTerminals({ ...ground, containment: { mode: 'bwrap' }, host: { spawnTerminal } })
  let lines = 0
  const ask = (method: string, params: JsonObject = {}, line = ++lines): Promise<TerminalAnswer> =>
    terminals.answer({ method: `terminal/${method}` as 'terminal/kill', params: { sessionId: 's1', ...params }, line })
  return { all, specs, terminals, ask }
}

const result = (value: JsonObject): object => ({ kind: 'result', result: value })
const error = (code: number): object => ({ kind: 'error', error: { code } })
const ONE = { terminalId: 'term-1' }

test('a command gets the environment, directory and containment of its agent, and what the request adds (C-63)', async () => {
  const { ask, specs } = openRig()
  expect(await ask('create', { command: 'ls' })).toEqual(result(ONE))
  await ask('create', { command: 'ls', cwd: '/tmp', env: [{ name: 'A', value: '2' }], outputByteLimit: 2 ** 40 })
  expect(specs).toMatchObject([
    { argv: ['ls'], env: { PATH: '/bin', A: '1' }, cwd: '/work', containment: { mode: 'bwrap' }, generation: 2 },
    { env: { PATH: '/bin', A: '2' }, cwd: '/tmp', terminal: { line: 2, outputBytesMax: 8 * 1024 * 1024 } },
  ])
  expect(specs[0]?.terminal).toEqual({ line: 1, outputBytesMax: 1024 * 1024 })
})

test('a wait is answered at the exit, for everybody who waits; a kill keeps the id, a release ends it (C-64)', async () => {
  const { ask, all } = openRig()
  await ask('create', { command: 'ls' })
  const waits = [ask('wait_for_exit', ONE), ask('wait_for_exit', ONE)]
  expect(await ask('output', ONE)).toEqual(result({ output: 'out', truncated: false }))
  expect(await ask('kill', ONE)).toEqual(result({}))
  expect(await Promise.all(waits)).toEqual(Array(2).fill(result({ exitCode: null, signal: 'SIGTERM' })))
  const exitStatus = { exitCode: null, signal: 'SIGTERM' }
  expect(await ask('output', ONE)).toEqual(result({ output: 'out', truncated: false, exitStatus }))
  expect(await ask('release', ONE)).toEqual(result({}))
  for (const method of ['output', 'wait_for_exit', 'kill', 'release'])
    expect(await ask(method, ONE)).toMatchObject(error(-32002))
  expect(all[0]?.calls).toEqual(['stop', 'release', 'stop'])
})

test('a line that is read again starts nothing again', async () => {
  const { ask, all } = openRig()
  expect(await ask('create', { command: 'ls' }, 9)).toEqual(result(ONE))
  expect(await ask('create', { command: 'ls' }, 9)).toEqual(result(ONE))
  expect(all).toHaveLength(1)
})

test('terminals of an earlier life are known by their ids; nothing is started for an agent that is not configured any more', async () => {
  const held = new FakeTerminal(7, 3)
  const terminals = new AgentTerminals(undefined, [held])
  let told = 0
  terminals.watch(() => told++)
  held.tell()
  expect(told).toBe(1)
  const params = { sessionId: 's', terminalId: 'term-7', command: 'ls' }
  expect(await terminals.answer({ method: 'terminal/output', params, line: 8 })).toMatchObject({ kind: 'result' })
  expect(await terminals.answer({ method: 'terminal/create', params, line: 3 })).toEqual(
    result({ terminalId: 'term-7' }),
  )
  expect(await terminals.answer({ method: 'terminal/create', params, line: 9 })).toMatchObject(error(-32603))
})

test('the bound counts what is being started and is free again after a release', async () => {
  const { ask } = openRig()
  const answers = await Promise.all(Array.from({ length: TERMINALS_MAX + 2 }, () => ask('create', { command: 'ls' })))
  expect(answers.filter(({ kind }) => kind === 'error')).toMatchObject([error(-32603), error(-32603)])
  await ask('release', ONE)
  expect(await ask('create', { command: 'ls' })).toMatchObject({ kind: 'result' })
})

test.for<[string, object, string]>([
  ['AGENT_COMMAND_MISSING', { agent: 'a', command: 'lss' }, 'the command was not found: lss'],
  ['AGENT_COMMAND_UNUSABLE', { agent: 'a', command: 'x', reason: 'no' }, 'the command cannot be executed: x (no)'],
  [
    'SPAWN_FAILED',
    { agent: 'a', reason: 'there is no directory /x' },
    'the command could not be started: there is no directory /x',
  ],
])('%s is said in words about the command', async ([code, details, message]) => {
  const { ask } = openRig(() => Promise.reject(new HoldfastError(code as 'SPAWN_FAILED', details as never)))
  expect(await ask('create', { command: 'lss' })).toEqual({ kind: 'error', error: { code: -32603, message } })
})

test('bad params are refused before anything is looked up', async () => {
  const { ask, specs } = openRig()
  expect(await ask('create', { command: 'ls', cwd: 'here' })).toMatchObject(error(-32602))
  expect(await ask('kill', { terminalId: 1 })).toMatchObject(error(-32602))
  expect(specs).toEqual([])
})

test('a kill that leaves something alive says so', async () => {
  const { ask, all } = openRig()
  await ask('create', { command: 'ls' })
  all[0]?.survivors.push(4_321)
  expect(await ask('kill', ONE)).toMatchObject({ kind: 'error', error: { code: -32603, data: { pids: [4_321] } } })
})

test('the end takes all of them, also one that is just being started, and nothing starts after it', async () => {
  const late = Promise.withResolvers<Terminal>()
  const signals: (AbortSignal | undefined)[] = []
  const { ask, terminals } = openRig((_, signal) => {
    signals.push(signal)
    return late.promise
  })
  const created = ask('create', { command: 'ls' })
  const ending = terminals.release()
  expect(signals[0]?.aborted).toBe(true)
  const terminal = new FakeTerminal(5, 1)
  late.resolve(terminal)
  expect(await created).toMatchObject({ kind: 'result' })
  expect(await ending).toMatchObject([{ swept: 1 }])
  expect(terminal.calls).toContain('release')
})
