// The routes of tasks and families: what they answer, and each error that they can give.

import { beforeEach, describe, expect, test } from 'vitest'

import { BLOCKED, RUNNING } from '../../../test/_support/fake-tasks.ts'
import { HOST, TestGateway, TOKEN } from '../../../test/_support/test-api.ts'
import type { App } from './context.ts'

let gateway: TestGateway
let app: App

beforeEach(() => {
  gateway = new TestGateway()
  app = gateway.app()
})

async function call(method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: object) {
  const headers = { host: HOST, authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const response = await app.inject({ method, url, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return { status: response.statusCode, body: response.json() }
}

describe('tasks', () => {
  test('a task is shown with its end, and until when it is kept', async () => {
    expect(await call('GET', `/v1/tasks/${BLOCKED.id}`)).toEqual({
      status: 200,
      body: {
        id: BLOCKED.id,
        parent: 'ses_parent',
        session_id: 'ses_child',
        turn_id: 'turn_2',
        label: 'tests',
        status: 'succeeded',
        outcome: 'blocked',
        reason: 'the agent refused',
        progress: 'so far',
        summary: 'No.',
        error: null,
        notify: 'done_only',
        delivery: 'delivered',
        accepted_at: '1970-01-01T00:00:01.000Z',
        started_at: '1970-01-01T00:00:02.000Z',
        ended_at: '1970-01-01T00:00:03.000Z',
        delivered_at: '1970-01-01T00:00:04.000Z',
        cleanup_after: '1970-01-01T00:00:04.000Z',
      },
    })
    expect((await call('GET', '/v1/tasks/task_none')).body.error.code).toBe('TASK_NOT_FOUND')
  })

  test('tasks are listed page by page, all or of one parent', async () => {
    const first = await call('GET', '/v1/tasks?limit=1')
    expect(first.body.tasks.map(({ id }: { id: string }) => id)).toEqual([BLOCKED.id])
    const rest = await call('GET', `/v1/tasks?limit=1&cursor=${first.body.next_cursor}`)
    expect(rest.body).toMatchObject({ tasks: [{ id: RUNNING.id, ended_at: null }], next_cursor: null })
    const { status } = await gateway.service.ensure({ agent: 'demo', cwd: '/work', key: 'k' })
    expect((await call('GET', '/v1/tasks?parent=k')).body).toEqual({ tasks: [], next_cursor: null })
    expect((await call('GET', `/v1/tasks?parent=${status.session.id}`)).status).toBe(200)
    expect((await call('GET', '/v1/tasks?parent=nobody')).body.error.code).toBe('SESSION_NOT_FOUND')
    expect((await call('GET', '/v1/tasks?cursor=dDE')).body.error.code).toBe('BAD_REQUEST')
  })

  test('a task that has ended cannot be cancelled any more', async () => {
    const { status, body } = await call('POST', `/v1/tasks/${BLOCKED.id}/cancel`, {})
    expect([status, body]).toEqual([200, { turns: [], outcome: 'none', ended: [] }])
    expect((await call('POST', '/v1/tasks/task_none/cancel', {})).status).toBe(404)
  })
})

describe('a session', () => {
  test('is made by PUT with 201, and found by it with 200', async () => {
    const body = { agent: 'demo', cwd: '/work' }
    const made = await call('PUT', '/v1/sessions/my.key', body)
    const found = await call('PUT', '/v1/sessions/my.key', body)
    expect([made.status, made.body.created, found.status, found.body.created]).toEqual([201, true, 200, false])
    expect(found.body.session).toMatchObject({ id: made.body.session.id, key: 'my.key', label: null, parent: null })
    expect((await call('PUT', '/v1/sessions/my.key', { ...body, key: 'other' })).body.error.code).toBe('BAD_REQUEST')
  })

  test('is changed by PATCH; null clears, and other fields are refused', async () => {
    await call('PUT', '/v1/sessions/k', { agent: 'demo', cwd: '/work' })
    expect((await call('PATCH', '/v1/sessions/k', { label: 'x', notify: 'silent' })).body).toMatchObject({
      label: 'x',
      notify: 'silent',
    })
    expect((await call('PATCH', '/v1/sessions/k', { label: null })).body.label).toBeNull()
    for (const body of [{ label: '' }, { label: 'x'.repeat(161) }, { notify: 'loud' }, { cwd: '/' }])
      expect((await call('PATCH', '/v1/sessions/k', body)).body.error.code).toBe('BAD_REQUEST')
    expect((await call('PATCH', '/v1/sessions/nope', { label: 'x' })).status).toBe(404)
  })
})

describe("an agent's own sessions", () => {
  test('are listed with what the agent says of them, and adopted with 201', async () => {
    const { body } = await call('GET', '/v1/agents/demo/sessions?cwd=%2Fwork')
    expect(body).toEqual({
      sessions: [
        {
          agent_session_id: 'a1',
          cwd: '/work',
          additional_directories: ['/more'],
          title: 'Tests',
          updated_at: '2026-01-01T00:00:00Z',
          session_id: null,
        },
        {
          agent_session_id: 'a2',
          cwd: '/work',
          additional_directories: ['/more'],
          title: null,
          updated_at: null,
          session_id: null,
        },
      ],
      is_cut: false,
    })
    const adopted = await call('POST', '/v1/sessions/adopt', { agent: 'demo', agent_session_id: 'a1', key: 'mine' })
    expect([adopted.status, adopted.body.agent_session_id, adopted.body.key]).toEqual([201, 'a1', 'mine'])
    expect((await call('GET', '/v1/agents/none/sessions')).body.error.code).toBe('AGENT_UNKNOWN')
    expect((await call('POST', '/v1/sessions/adopt', { agent: 'demo' })).body.error.code).toBe('BAD_REQUEST')
  })
})
