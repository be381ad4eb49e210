// Starting a gateway says so, waits for readiness and no longer, and shows the log when it fails.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startGateway } from './gateway-start.ts'

const dir = mkdtempSync(path.join(tmpdir(), 'holdfast-start-'))
const log = path.join(dir, 'gateway.log')
writeFileSync(log, `${'x'.repeat(9000)}\nearlier\nlast words\n`)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const never = new Promise<number | undefined>(() => {})
const started = (exited: Promise<number | undefined>) => async () => ({ pid: 42, log, logOffset: 9001, exited })

test('it is said with pid and log, and readiness is waited for', async () => {
  const notes: string[] = []
  let polls = 0
  await startGateway({ start: started(never), isReady: async () => ++polls >= 3, note: (text) => notes.push(text) })
  expect(notes).toEqual([`started the gateway (pid 42, log ${log})`])
  expect(polls).toBe(3)
})

test('without readiness it fails at the bound with the end of the log', async () => {
  const waiting = startGateway({ start: started(never), isReady: async () => false, note: () => {}, waitMs: 100 })
  await expect(waiting).rejects.toMatchObject({
    code: 'GATEWAY_START_FAILED',
    details: { log, tail: expect.stringMatching(/^earlier\nlast words$/) },
  })
})

test('a process that is gone fails at once', async () => {
  const waiting = startGateway({
    start: started(Promise.resolve(78)),
    isReady: async () => false,
    note: () => {},
    waitMs: 60_000,
  })
  await expect(waiting).rejects.toMatchObject({
    code: 'GATEWAY_START_FAILED',
    details: { reason: 'it exited with 78' },
  })
})

test('a process that leaves to another gateway is no failure', async () => {
  let polls = 0
  await startGateway({ start: started(Promise.resolve(75)), isReady: async () => ++polls >= 3, note: () => {} })
  expect(polls).toBe(3)
})
