// D 86 to 88: an export is there whole or not at all, and one that somebody has cut or changed is told from a whole one.

import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { checkExport } from '../../src/cli/export-file.ts'
import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

const EVENTS_MIN = 3_000

let gateway: TestGateway
let session: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  session = await gateway.newSession()
  await gateway.ask(session, `@flood ${EVENTS_MIN} @bad-utf8`)
})
afterAll(() => gateway[Symbol.asyncDispose]())

const place = (name: string): string => join(gateway.workspace, name)
const linesOf = (name: string): string[] => readFileSync(place(name), 'utf8').split('\n')
const exportTo = (name: string, ...more: string[]) => gateway.run('sessions', 'export', session, name, ...more)
const verify = (name: string) => gateway.run('sessions', 'export', '--verify', name)

test('D 86: an export while a turn streams is whole, has the bytes of the events, and replaces nothing that it was not told to', async () => {
  const { turn } = await gateway.client.prompt(session, { prompt: '@chunks 300 5' })
  const { code, stdout } = await exportTo('streaming.jsonl')
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^exported \d+ events of ses_/)])
  expect((await verify('streaming.jsonl')).stdout).toContain('is whole')
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
  const [, ...events] = linesOf('streaming.jsonl').slice(0, -2)
  expect(events.length).toBeGreaterThan(EVENTS_MIN)
  const { events: page } = await gateway.client.listEvents(session, { limit: 1_000 })
  const plain = events.slice(0, 1_000).map((line) => JSON.parse(line.replace(/^\{"crc":\d+,/, '{')) as unknown)
  expect(plain).toEqual(page)
  expect(await exportTo('streaming.jsonl')).toMatchObject({ code: 74, stderr: expect.stringContaining('--force') })
  expect((await exportTo('streaming.jsonl', '--force')).code).toBe(0)
})

test('D 86: an export that is killed at any time leaves nothing under its name, or all of it', async () => {
  const whole: boolean[] = []
  for (const bytes of [1, 200_000, 400_000]) {
    const name = `killed-${bytes}.jsonl`
    const child = gateway.spawn('sessions', 'export', session, name)
    const partial = (): string | undefined => readdirSync(gateway.workspace).find((each) => each.startsWith(`.${name}`))
    const written = (): number => (partial() === undefined ? 0 : readFileSync(place(partial()!)).length)
    await until(() => existsSync(place(name)) || written() >= bytes, { ms: 10_000, intervalMs: 1, what: () => name })
    const ended = new Promise((resolve) => child.once('close', resolve))
    killPid(child.pid, 'SIGKILL')
    await ended
    whole.push(existsSync(place(name)))
    if (whole.at(-1)) expect((await verify(name)).code).toBe(0)
  }
  expect(whole[0]).toBe(false)
})

test('D 87: of an export that ends in the middle of a line the whole lines are counted, the torn one is told, the file is not touched', async () => {
  await exportTo('torn.jsonl')
  const size = readFileSync(place('torn.jsonl')).length
  truncateSync(place('torn.jsonl'), size - 200)
  const before = readFileSync(place('torn.jsonl'))
  const lines = linesOf('torn.jsonl')
  const { code, stdout } = await verify('torn.jsonl')
  const torn = Buffer.byteLength(lines.at(-1)!)
  expect(stdout).toContain(
    `is cut: ${lines.length - 2} events are whole; the ${torn} bytes of line ${lines.length} are torn`,
  )
  expect(code).toBe(74)
  expect(readFileSync(place('torn.jsonl')).equals(before)).toBe(true)
  // The same at the end of a line: only the last line says that there is nothing after it.
  writeFileSync(place('torn.jsonl'), lines.slice(0, 50).join('\n') + '\n')
  expect((await verify('torn.jsonl')).stdout).toContain('is cut: 49 events are whole; the rest is not there')
})

type Change = (lines: string[]) => unknown

const CHANGES: readonly { readonly what: string; readonly line: number; readonly change: Change }[] = [
  { what: 'a changed first line', line: 1, change: (it) => (it[0] = it[0]!.replace('scripted', 'Scripted')) },
  { what: 'a changed letter', line: 500, change: (it) => (it[499] = it[499]!.replace('"text":"f', '"text":"g')) },
  { what: 'a line that is gone', line: 700, change: (it) => it.splice(699, 1) },
  { what: 'two lines that changed places', line: 80, change: (it) => it.splice(79, 2, it[80]!, it[79]!) },
  { what: 'a line that is no JSON', line: 900, change: (it) => (it[899] = 'null') },
  { what: 'a line after the last', line: 0, change: (it) => it.splice(-1, 0, it[4]!) },
]

test('D 88: damage in the first line, in the middle and at the end is refused with its place; other files are no exports', async () => {
  await exportTo('good.jsonl')
  const good = linesOf('good.jsonl')
  for (const { what, line, change } of CHANGES) {
    const lines = [...good]
    change(lines)
    writeFileSync(place('bad.jsonl'), lines.join('\n'))
    const expected = line === 0 ? good.length : line
    const details = expect.objectContaining({ line: expected })
    await expect(checkExport(place('bad.jsonl')), what).rejects.toMatchObject({ code: 'EXPORT_DAMAGED', details })
  }
  const { code, stderr } = await verify('bad.jsonl')
  expect([code, stderr]).toEqual([74, expect.stringContaining(`is damaged in line ${good.length}:`)])
  for (const other of ['{"type":"message"}\n', 'null', '']) {
    writeFileSync(place('other.jsonl'), other)
    await expect(checkExport(place('other.jsonl'))).rejects.toMatchObject({ code: 'EXPORT_DAMAGED' })
  }
})
