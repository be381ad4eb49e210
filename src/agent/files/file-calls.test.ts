// fs/* on a connection: what is offered is what is served, the answers, and which lines outlive a crash.

import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { connectWith, FakeProcess, polite, recorder, result } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'
import type { FileAccess } from '../definition.ts'
import { clientOffer } from '../start/client-offer.ts'
import { FileCalls } from './file-calls.ts'
import { fileAccessOf } from './file-ground.ts'
import { canHoldEntries } from './held-entry.ts'
import type { FileAnswer, SessionFiles } from './session-files.ts'

let cwd: string
beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'hf-calls-')))
  await writeFile(join(cwd, 'f'), 'one\ntwo\n')
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

const ask = (id: number, method: string, params: JsonObject): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { sessionId: 's1', ...params },
})
const read = (id: number, more: JsonObject = {}): JsonObject =>
  ask(id, 'fs/read_text_file', { path: join(cwd, 'f'), ...more })
const write = (id: number, content = 'new'): JsonObject =>
  ask(id, 'fs/write_text_file', { path: join(cwd, 'f'), content })

const DEFINITION = { name: 'a', title: 'A', argv: ['a'] as const, env: {}, source: 'config' as const }

/** Answers to what was asked, by its id. */
async function answersOf(process: FakeProcess, ids: readonly number[]): Promise<unknown[]> {
  const find = (id: number): JsonObject | undefined => process.sent.find((each) => each['id'] === id && !each['method'])
  await vi.waitFor(() => expect(ids.every((id) => find(id) !== undefined)).toBe(true))
  return ids.map((id) => {
    const { result: value, error } = find(id) as { result?: unknown; error?: { code: number } }
    return error?.code ?? value
  })
}

describe.runIf(canHoldEntries())('fs/* on a connection', () => {
  test.for<[FileAccess | undefined, boolean, boolean]>([
    [undefined, false, false],
    ['none', false, false],
    ['read', true, false],
    ['write', true, true],
  ])(
    'files %s: exactly what initialize offers is served, the rest is -32601 (C-60)',
    async ([files, reads, writes]) => {
      expect(clientOffer({ ...DEFINITION, files })['fs']).toEqual({ readTextFile: reads, writeTextFile: writes })
      const process = new FakeProcess(polite())
      const connection = await connectWith(process, { files, cwd })
      connection.listen(recorder().listener)
      process.tell(read(70), write(71))
      const answers = [reads ? { content: 'one\ntwo\n' } : -32_601, writes ? {} : -32_601]
      expect(await answersOf(process, [70, 71])).toEqual(answers)
      expect(await readFile(join(cwd, 'f'), 'utf8')).toBe(writes ? 'new' : 'one\ntwo\n')
      await connection.stop()
    },
  )

  test('a system on which they cannot be confined offers no files, whatever is configured', () => {
    expect(fileAccessOf({ ...DEFINITION, files: 'write' }, false)).toBe('none')
  })

  test('the session of the connection is the only one, from its answer on; what comes with the answer is served', async () => {
    const process = new FakeProcess((message, self) => {
      if (message['method'] === 'session/new')
        return self.tell(read(70, { limit: 1 }), result(message, { sessionId: 's1' }), read(71, { line: 2 }))
      polite()(message, self)
    })
    const connection = await connectWith(process, { files: 'read', cwd })
    connection.listen(recorder().listener)
    process.tell(read(72, { sessionId: 's2' }))
    expect(await answersOf(process, [70, 71, 72])).toEqual([{ content: 'one\n' }, { content: 'two\n' }, -32_002])
    await connection.stop()
  })

  test('the line of a request is acknowledged when it is answered, not before', async () => {
    const process = new FakeProcess(polite())
    const connection = await connectWith(process, { files: 'write', cwd })
    connection.listen(recorder().listener)
    process.tell(write(70, 'x'.repeat(200_000)), write(71, 'last'))
    connection.acknowledge(4)
    expect(process.acknowledged).toBe(2)
    await vi.waitFor(() => expect(process.acknowledged).toBe(4))
    expect(await answersOf(process, [70, 71])).toEqual([{}, {}])
    expect(await readFile(join(cwd, 'f'), 'utf8')).toBe('last')
    await connection.stop()
  })
})

test('a line whose answer was written in an earlier life is not served again', async () => {
  const log: string[] = []
  const answer = (): Promise<FileAnswer> => {
    log.push('served')
    return Promise.resolve({ kind: 'result', result: {} })
  }
  const calls = new FileCalls({ answer, serves: () => true } as unknown as SessionFiles, {
    peer: { respond: (id) => log.push(`respond ${id}`), respondError: () => {} },
    process: { wasWritten: (frameId) => frameId === 'a1', pin: () => {} },
    withhold: (line) => {
      log.push(`withhold ${line}`)
      return { [Symbol.dispose]: () => log.push(`let go of ${line}`) }
    },
  })
  calls.take('x', { method: 'fs/write_text_file', params: {}, line: 1 }) // settles the peer; the host writes no frame twice
  calls.take('y', { method: 'fs/write_text_file', params: {}, line: 2 })
  await vi.waitFor(() => expect(log.at(-1)).toBe('let go of 2'))
  expect(log).toEqual(['respond x', 'withhold 2', 'served', 'respond y', 'let go of 2'])
})
