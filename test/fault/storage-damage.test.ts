// D 85: bytes of the database that are not as they were written. The session they belong to is in quarantine, the others are served.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { NODE, NOW, ownSession, range, write } from '../conformance/store/records.ts'
import { changeStored } from '../_support/stored-database.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const PAGE_BYTES = 4_096
/** Marks a page of table rows whose key is not an integer, as those of events are. */
const EVENT_LEAF = 10

/** Changes one bit of the only place in the file where `text` is. */
function flipText(file: string, text: string): void {
  const bytes = readFileSync(file)
  const at = bytes.indexOf(text)
  expect([at !== -1, bytes.indexOf(text, at + 1)]).toEqual([true, -1])
  bytes[at] = bytes[at]! ^ 1
  writeFileSync(file, bytes)
}

/** Makes the page that holds `text` one that cannot be read at all. */
function spoilPage(file: string, text: string): void {
  const bytes = readFileSync(file)
  const page = Math.floor(bytes.indexOf(text) / PAGE_BYTES) * PAGE_BYTES
  expect(bytes[page]).toBe(EVENT_LEAF)
  bytes.fill(0xff, page, page + 8)
  writeFileSync(file, bytes)
}

test('D 85: a flipped bit in one session: it is in quarantine and says why, the others go on, what can be read is exported', async () => {
  await using gateway = await TestGateway.start()
  const [hurt, well] = [await gateway.newSession('scripted', { key: 'hurt' }), await gateway.newSession()]
  for (const session of [hurt, well]) await gateway.ask(session, `@say one @say needle-${session} @say three`)
  await gateway.kill('SIGTERM')
  flipText(join(gateway.home, 'state/holdfast.db'), `"text":"needle-${hurt}`)
  const offline = await gateway.run('doctor', '--verify')
  expect(offline.stdout).toMatch(
    new RegExp(`^fail +database +session ${hurt}: event \\d+ does not match its checksum$`, 'm'),
  )
  await gateway.start()

  // Found when it is read: what is before is served, nothing after it.
  const seen: number[] = []
  const read = async (): Promise<void> => {
    for (let after = 0; ;) {
      const { events } = await gateway.client.listEvents(hurt, { after })
      seen.push(...events.map(({ seq }) => seq))
      after = events.at(-1)!.seq
    }
  }
  await expect(read()).rejects.toMatchObject({ code: 'SESSION_DAMAGED', status: 409 })
  const bad = seen.length + 1
  expect(seen).toEqual(range(1, bad - 1))
  const streamed: number[] = []
  const follow = async (): Promise<void> => {
    for await (const { seq } of gateway.client.events(hurt)) streamed.push(seq)
  }
  await expect(follow()).rejects.toMatchObject({ code: 'SESSION_DAMAGED' })
  expect(streamed).toEqual(seen)
  const damage = `event ${bad} does not match its checksum`
  expect(await gateway.client.getSession('hurt')).toMatchObject({ activity: 'quarantined', damage })
  await expect(gateway.client.prompt(hurt, { prompt: 'more' })).rejects.toMatchObject({
    code: 'SESSION_DAMAGED',
    details: { session: hurt, reason: damage },
  })
  expect(await gateway.ask(well, 'go on')).toMatchObject({ state: 'completed' })
  const doctor = await gateway.run('doctor', '--verify')
  expect(doctor.stdout).toMatch(/^fail +quarantine +1 with a damaged log/m)
  expect(doctor.stdout).toContain(`session ${hurt}: ${damage}`)
  expect(doctor.stdout).not.toContain(well)

  const { last_seq: last } = await gateway.client.getSession(hurt)
  const exported = await gateway.run('sessions', 'export', 'hurt', 'hurt.jsonl')
  expect(exported).toMatchObject({ code: 1, stderr: expect.stringContaining('1 event could not be read') })
  expect(exported.stdout).toContain(`exported ${last - 1} events of ${hurt}`)
  const lines = readFileSync(join(gateway.workspace, 'hurt.jsonl'), 'utf8')
  expect(lines).toContain(`"lost":{"from":${bad},"to":${bad},"reason":"changed"}`)
  expect(lines).toContain('"text":"three"')
  expect((await gateway.run('sessions', 'export', '--verify', 'hurt.jsonl')).stdout).toContain('is whole')

  // The way out: closed, its key is free again. Quarantine and its reason stay, also over a restart.
  await gateway.client.closeSession(hurt)
  expect(await gateway.client.getSession(hurt)).toMatchObject({ state: 'closed', activity: 'closed', damage })
  await gateway.kill()
  await gateway.start()
  expect(await gateway.client.getSession(hurt)).toMatchObject({ state: 'closed', damage })
  expect(await gateway.newSession('scripted', { key: 'hurt' })).not.toBe(hurt)
  await gateway.kill('SIGTERM')
})

test('D 85: an agent that outlived its gateway is ended when the log of its session is damaged; that of another goes on', async () => {
  await using gateway = await TestGateway.start()
  const [hurt, well] = [await gateway.newSession(), await gateway.newSession()]
  for (const session of [hurt, well]) await gateway.ask(session, 'warm')
  const pids = await Promise.all([hurt, well].map(async (id) => (await gateway.client.getSession(id)).agent_pid))
  const { last_seq: last } = await gateway.client.getSession(hurt)
  await gateway.kill()
  const ofHurt = 'SELECT no FROM session WHERE id = ?'
  changeStored(gateway.home, `UPDATE event SET data = '{}' WHERE session_no = (${ofHurt}) AND seq = ?`, hurt, last - 1)
  await gateway.start()
  expect(await gateway.client.getSession(hurt)).toMatchObject({ activity: 'quarantined', agent_pid: null })
  expect(gateway.agents().map(({ pid }) => pid)).not.toContain(pids[0])
  expect(await gateway.ask(well, 'again')).toMatchObject({ state: 'completed' })
  expect((await gateway.client.getSession(well)).agent_pid).toBe(pids[1])
  expect((await gateway.run('explain', hurt)).stdout).toContain(`holdfast sessions export ${hurt} FILE`)
})

test('D 85: a page that cannot be read takes the sessions that have rows on it, and no others; what is around it is salvaged', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-damage-'))
  const file = join(directory, 'store.db')
  const sessions = await fill(file)
  spoilPage(file, '{"text":"1-60"}')
  const told: string[] = []
  const logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_: object, text: string) => void told.push(text),
  }
  {
    await using store = await openSqliteStore({ file, logger })
    await store.openNode(NODE, NOW)
    await expect(readAll(store, sessions[1]!)).rejects.toMatchObject({ code: 'SESSION_DAMAGED' })
    await expect(store.acquireSession(sessions[1]!, NODE)).rejects.toMatchObject({ code: 'SESSION_DAMAGED' })
    expect(told).toEqual(['session put into quarantine'])
    for (const well of [sessions[0]!, sessions[2]!]) {
      expect(await readAll(store, well)).toHaveLength(EVENTS + 1)
      const { epoch } = await store.acquireSession(well, NODE)
      await store.commit({ sessionNo: well, node: NODE, epoch }, 'promise', [write.event()])
    }
    const found = await salvageAll(store, sessions[1]!)
    expect(found.events.length).toBeGreaterThan(EVENTS / 2)
    expect(found.lost).toEqual([{ from: expect.any(Number), to: expect.any(Number), reason: 'cannot be read' }])
    const [{ from, to }] = found.lost as [{ from: number; to: number }]
    expect([...found.events, ...range(from, to)].toSorted((a, b) => a - b)).toEqual(range(1, EVENTS + 1))
    expect((await store.counts()).sessionsDamaged).toBe(1)
    expect(await store.retireSession(sessions[1]!)).toBe(true)
  }
  rmSync(directory, { recursive: true })
})

const EVENTS = 200

/** Three sessions, the pages of each its own but for the edges. */
async function fill(file: string): Promise<number[]> {
  await using store = await openSqliteStore({ file })
  await store.openNode(NODE, NOW)
  const numbers: number[] = []
  for (const s of range(0, 2)) {
    const { fence } = await ownSession(store)
    await store.commit(
      fence,
      'promise',
      range(1, EVENTS).map((i) => write.event({ text: `${s}-${i}` })),
    )
    numbers.push(fence.sessionNo)
  }
  return numbers
}

async function readAll(store: Store, no: number): Promise<number[]> {
  const seqs: number[] = []
  for (;;) {
    const page = await store.readEvents(no, seqs.length, 50)
    if (page.length === 0) return seqs
    seqs.push(...page.map(({ seq }) => seq))
  }
}

async function salvageAll(store: Store, no: number): Promise<{ events: number[]; lost: unknown[] }> {
  const events: number[] = []
  const lost: unknown[] = []
  for (let after = 0; ;) {
    const { entries, nextAfter, isEnd } = await store.salvageEvents(no, after, 1_000)
    for (const entry of entries) {
      if ('from' in entry) lost.push(entry)
      else events.push(entry.seq)
    }
    if (isEnd) return { events, lost }
    after = nextAfter
  }
}
