// Terminal requests between their line and their answer: which lines are pinned, and what is read again.

import { expect, test } from 'vitest'

import type { AgentTerminals, TerminalAnswer, TerminalAsked } from './agent-terminals.ts'
import { TerminalCalls } from './terminal-calls.ts'

interface Rig {
  readonly calls: TerminalCalls
  readonly log: string[]
  readonly written: Set<string>
  /** Answers the request of this line. */
  answer(line: number, answer?: TerminalAnswer): Promise<void>
}

function openRig(): Rig {
  const log: string[] = []
  const written = new Set<string>()
  const waiting = new Map<number, PromiseWithResolvers<TerminalAnswer>>()
  const terminals = {
    answer: ({ line }: TerminalAsked) => {
      log.push(`serve ${line}`)
      waiting.set(line, Promise.withResolvers())
      return waiting.get(line)?.promise
    },
  } as unknown as AgentTerminals
  const calls = new TerminalCalls({
    terminals,
    peer: {
      respond: (id, result) => log.push(`respond ${id} ${JSON.stringify(result)}`),
      respondError: (id, { code }) => log.push(`error ${id} ${code}`),
    },
    process: {
      wasWritten: (frameId) => written.has(frameId),
      pin: (line, frameId) => log.push(`pin ${line} ${frameId}`),
    },
  })
  const answer: Rig['answer'] = async (line, value = { kind: 'result', result: {} }) => {
    waiting.get(line)?.resolve(value)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { calls, log, written, answer }
}

const wait = (line: number): TerminalAsked => ({ method: 'terminal/wait_for_exit', params: {}, line })

test('what is acknowledged without an answer is pinned, once; what was answered before is not', async () => {
  const { calls, log, answer } = openRig()
  for (const line of [3, 4, 6]) calls.take(line, wait(line))
  await answer(4)
  log.length = 0
  calls.pinUpTo(5)
  calls.pinUpTo(5)
  expect(log).toEqual(['pin 3 a3'])
  calls.pinUpTo(6)
  expect(log).toEqual(['pin 3 a3', 'pin 6 a6'])
})

test('every request is answered with its result or its error', async () => {
  const { calls, log, answer } = openRig()
  calls.take('x', wait(1))
  calls.take('y', wait(2))
  await answer(2, { kind: 'error', error: { code: -32002, message: 'no' } })
  await answer(1, { kind: 'result', result: { exitCode: 0, signal: null } })
  expect(log).toEqual(['serve 1', 'serve 2', 'error y -32002', 'respond x {"exitCode":0,"signal":null}'])
})

test('C-50 a wait that the agent takes back is answered at once, and not again at the exit, also when its id is used again', async () => {
  const { calls, log, answer } = openRig()
  calls.take('x', wait(1))
  calls.take('y', { ...wait(2), method: 'terminal/kill' })
  for (const id of ['x', 'x', 'y', 'z']) calls.withdraw(id)
  expect(log).toEqual(['serve 1', 'serve 2', 'error x -32800'])
  calls.take('x', wait(3))
  calls.pinUpTo(3)
  await answer(1)
  await answer(3)
  await answer(2)
  expect(log.slice(3)).toEqual(['serve 3', 'pin 2 a2', 'pin 3 a3', 'respond x {}', 'respond y {}'])
})

test('a line whose answer was written in an earlier life is not served again', () => {
  const { calls, log, written } = openRig()
  written.add('a1')
  calls.take('x', wait(1))
  calls.pinUpTo(1)
  expect(log).toEqual(['respond x {}']) // settles the peer; the host writes no frame twice
})
