// What a name of a session stands for, and who may have which name: on the real store.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import { resolveSession } from './resolution.ts'
import type { SessionRequest } from '../service.ts'

const HELLO = [{ type: 'text', text: 'hello' }]
const BASE: SessionRequest = { agent: 'fake', cwd: '/tmp' }

let at: TestSessions
/** Directories that are gone, and agents that are not configured any more. */
const gone = new Set<string>()

const definition = { name: 'fake', title: 'Fake', argv: ['fake'] as const, env: {}, source: 'config' as const }
const ports = {
  checkCwd: async (cwd: string): Promise<string> => {
    if (gone.has(cwd)) throw new HoldfastError('CWD_NOT_FOUND', { cwd })
    return cwd
  },
  findDefinition: (name: string) => (gone.has(name) ? undefined : { ...definition, name }),
}

beforeEach(async () => {
  gone.clear()
  at = await TestSessions.start({}, ports)
})
afterEach(() => at[Symbol.asyncDispose]())

async function ensure(more: Partial<SessionRequest> = {}) {
  const { status, created } = await at.service.ensure({ ...BASE, ...more })
  return { ...status.session, created }
}

describe('a name', () => {
  test('of nothing is none, of a session that can be used is ready', async () => {
    const { id } = await ensure({ key: 'here' })
    const of = (name: string) => resolveSession({ ...ports, store: at.store }, name)
    expect(await of('nothing')).toEqual({ kind: 'none' })
    expect([(await of('here')).kind, (await of(` ${id} `)).kind]).toEqual(['ready', 'ready'])
  })

  test.each([
    ['fake', /agent fake is not in the configuration/],
    ['/tmp', /\/tmp is not there/],
  ])('of a session whose %s is gone is stale, and a prompt is refused with what to do', async (what, reason) => {
    const { id } = await ensure({ key: 'left' })
    gone.add(what)
    expect(await resolveSession({ ...ports, store: at.store }, 'left')).toMatchObject({
      kind: 'stale',
      session: { id },
    })
    const refused = at.service.prompt(id, { prompt: HELLO })
    await expect(refused).rejects.toMatchObject({ code: 'SESSION_STALE', message: expect.stringMatching(reason) })
    expect(await at.service.turns(id, { limit: 1 })).toEqual([])
    gone.clear()
    await at.service.prompt(id, { prompt: HELLO })
  })

  test('of a session that is gone is an error of its own', async () => {
    await expect(at.service.get('nothing')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
    await expect(at.service.prompt('nothing' as SessionId, { prompt: HELLO })).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
    })
  })
})

describe('a key', () => {
  test('is trimmed, keeps its spelling and is found in any case', async () => {
    const made = await ensure({ key: '  Feature.X ' })
    expect([made.key, made.created]).toEqual(['Feature.X', true])
    expect(await ensure({ key: 'feature.x' })).toMatchObject({ id: made.id, created: false })
    expect((await at.service.get(' FEATURE.x ')).session.id).toBe(made.id)
  })

  test.each([
    ['', /empty/],
    ['   ', /empty/],
    ['ses_x', /id/],
    ['Task_1', /id/],
    ['All', /reserved/],
    ['unknown', /reserved/],
    ['a b', /characters/],
    ['.hidden', /characters/],
    ['x'.repeat(201), /200/],
  ])('%j is refused', async (key, reason) => {
    await expect(ensure({ key })).rejects.toMatchObject({
      code: 'SESSION_KEY_INVALID',
      message: expect.stringMatching(reason),
    })
  })

  test('makes one session for 50 callers at once', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => ensure({ key: i % 2 === 0 ? 'one' : 'ONE' })))
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    expect(all.filter(({ created }) => created).length).toBe(1)
  })

  test('of a session that differs is a conflict that names every field', async () => {
    const parent = await ensure()
    await ensure({ key: 'taken' })
    const other = { key: 'taken', agent: 'other', cwd: '/', mode: 'oneshot', parent: parent.id } as const
    await expect(ensure(other)).rejects.toMatchObject({
      code: 'SESSION_CONFLICT',
      details: { fields: ['agent', 'cwd', 'mode', 'parent'] },
    })
  })

  test('is free again when its session is closed', async () => {
    const first = await ensure({ key: 'again' })
    await at.service.close(first.id)
    expect(await ensure({ key: 'Again' })).toMatchObject({ created: true })
  })
})
