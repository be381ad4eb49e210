// Which version an agent is offered, and what happens when it speaks another. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import { connectWith, FakeProcess, polite, result } from '../../../test/_support/fake-process.ts'
import { politeV2 } from '../../../test/_support/fake-v2-process.ts'
import type { Answering } from '../../../test/_support/fake-process.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { SpokenVersions } from './spoken-versions.ts'

const speaksOne: Answering = polite()

/** Knows no version that it is asked for, but those that it names. */
function refuses(...supported: number[]): Answering {
  return (message, self) =>
    self.tell({
      jsonrpc: '2.0',
      id: message['id'] ?? null,
      error: { code: -32_022, message: 'Unsupported', data: { requested: 2, supported } },
    })
}

/** As Factory Droid does: any number is repeated, and what follows has the shape of version 1. */
const repeats: Answering = (message, self) => {
  const { protocolVersion } = paramsOf(message)
  return self.tell(result(message, { protocolVersion: protocolVersion ?? 0, agentCapabilities: {} }))
}

const asked = ({ sent }: FakeProcess): Json | undefined => paramsOf(sent[0])['protocolVersion']
const paramsOf = (message: JsonObject | undefined): JsonObject => message?.['params'] as JsonObject
const codeOf = (error: unknown): unknown => error

test('auto asks for version 2, and speaks it with an agent that does', async () => {
  const process = new FakeProcess(politeV2())
  const connection = await connectWith(process, { protocol: 'auto' })
  expect(asked(process)).toBe(2)
  expect(JSON.parse(connection.capabilities)).toMatchObject({ protocol: 2, loadSession: true, resume: true })
})

test.each<[string, Answering]>([
  ['answers 1', speaksOne],
  ['knows only 1, by code (C-04)', refuses(1)],
  ['repeats 2 and answers in the shape of 1', repeats],
])(
  'auto starts an agent that %s anew and asks it as version 1 does; the next start asks for 1 at once',
  async (_, answering) => {
    const [first, second, third] = [new FakeProcess(answering), new FakeProcess(speaksOne), new FakeProcess(speaksOne)]
    const versions = new SpokenVersions()
    const connection = await connectWith(first, { protocol: 'auto', versions, next: [second] })
    expect([asked(first), first.stops, first.sent.length]).toEqual([2, 1, 1])
    expect(second.sent[0]?.['params']).toMatchObject({ protocolVersion: 1, clientInfo: { name: 'holdfast' } })
    expect(JSON.parse(connection.capabilities)).not.toHaveProperty('protocol')
    await connectWith(third, { protocol: 'auto', versions })
    expect(asked(third)).toBe(1)
  },
)

test.each<[string, 1 | 2, Answering, Json]>([
  ['2 alone is enabled and it answers 1', 2, speaksOne, 1],
  ['2 alone is enabled and it knows only 1', 2, refuses(1), 1],
  ['2 alone is enabled and it repeats 2 in the shape of 1', 2, repeats, 1],
  ['1 alone is enabled and it knows only 2', 1, refuses(2, 3), '2 and 3'],
  ['it knows none', 2, refuses(), 'none'],
])('C-03 where %s the start fails, and both are named', async (_, protocol, answering, answered) => {
  const [process, next] = [new FakeProcess(answering), new FakeProcess(speaksOne)]
  const failed = await connectWith(process, { protocol, next: [next] }).catch(codeOf)
  expect(failed).toMatchObject({ code: 'AGENT_PROTOCOL_VERSION', details: { answered, supported: protocol } })
  expect([process.stops, next.sent.length]).toEqual([1, 0])
})

test.each<[string, string, Answering]>([
  [
    'a version that was not asked for',
    'AGENT_PROTOCOL_VERSION',
    (message, self) => self.tell(result(message, { protocolVersion: 3, info: {} })),
  ],
  [
    'another error',
    'AGENT_ERROR',
    (message, self) =>
      self.tell({ jsonrpc: '2.0', id: message['id'] ?? null, error: { code: -32_603, message: 'no' } }),
  ],
])('C-04 auto does not try again after %s', async (_, code, answering) => {
  const [process, next] = [new FakeProcess(answering), new FakeProcess(speaksOne)]
  await expect(connectWith(process, { protocol: 'auto', next: [next] })).rejects.toMatchObject({ code })
  expect(next.sent).toEqual([])
})

test('a fallback that does not answer 1 either fails; there is no third try', async () => {
  const [first, second, third] = [refuses(1), refuses(1), speaksOne].map((one) => new FakeProcess(one))
  const failed = connectWith(first as FakeProcess, { protocol: 'auto', next: [second, third] as FakeProcess[] })
  await expect(failed).rejects.toMatchObject({ code: 'AGENT_PROTOCOL_VERSION' })
  expect(third?.sent).toEqual([])
})
