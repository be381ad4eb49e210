// Every route of sessions, turns, events and permissions: what it answers when all is well, and each error that it can give.

import { beforeEach, describe, expect, test, vi } from 'vitest'

import { HOST, TestGateway, TOKEN } from '../../../test/_support/test-api.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { PermissionId, SessionId, TurnId } from '../../base/ids.ts'
import type { ErrorBody } from '../../wire/error.ts'
import type { App } from './context.ts'

let gateway: TestGateway
let app: App

beforeEach(() => {
  gateway = new TestGateway()
  app = gateway.app()
})

async function call(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const response = await app.inject({
    method,
    url,
    headers: {
      host: HOST,
      authorization: `Bearer ${TOKEN}`,
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.statusCode, headers: response.headers, body: response.json(), text: response.body }
}

async function fail(...args: Parameters<typeof call>): Promise<[number, string]> {
  const { status, body } = await call(...args)
  return [status, (body as ErrorBody).error?.code]
}

async function makeSession(key = 'k'): Promise<SessionId> {
  return (await gateway.service.ensure({ agent: 'demo', cwd: '/work', key })).status.session.id
}

async function runTurn(id: SessionId, text = 'hello'): Promise<TurnId> {
  return (await gateway.service.prompt(id, { prompt: [{ type: 'text', text }] })).turn.id
}

describe('sessions', () => {
  test('a session is made with 201, and found by its key with 200', async () => {
    const first = await call('POST', '/v1/sessions', {
      agent: 'demo',
      cwd: '/work',
      key: 'my.key',
      on_interrupt: 'retry',
    })
    expect([first.status, first.body.created]).toEqual([201, true])
    expect(first.body.session).toMatchObject({
      key: 'my.key',
      agent: 'demo',
      cwd: '/work',
      mode: 'persistent',
      on_interrupt: 'retry',
      state: 'open',
      activity: 'dormant',
      active_turn: null,
      queued: [],
      blocked_by: null,
      next_deadline: null,
      last_seq: 1,
      closed_at: null,
    })
    expect(first.body.session.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const second = await call('POST', '/v1/sessions', { agent: 'demo', cwd: '/work', key: 'my.key' })
    expect([second.status, second.body.created, second.body.session.id]).toEqual([200, false, first.body.session.id])
  })

  test.each([
    [{ agent: 'nobody', cwd: '/work' }, 422, 'AGENT_UNKNOWN'],
    [{ agent: 'demo', cwd: 'work' }, 422, 'CWD_NOT_ABSOLUTE'],
    [{ agent: 'demo', cwd: '/missing' }, 422, 'CWD_NOT_FOUND'],
    [{ agent: 'demo', cwd: '/' }, 403, 'CWD_NOT_ALLOWED'],
    [{ agent: 'other', cwd: '/work', key: 'k' }, 409, 'SESSION_CONFLICT'],
    [{ cwd: '/work' }, 400, 'BAD_REQUEST'],
    [{ agent: 'demo', cwd: '/work', command: ['sh'] }, 400, 'BAD_REQUEST'],
    [{ agent: 'demo', cwd: '/work', env: { A: 'b' } }, 400, 'BAD_REQUEST'],
    [{ agent: 'demo', cwd: '/work', mode: 'other' }, 400, 'BAD_REQUEST'],
    [{ agent: 'demo', cwd: '/work', key: 'ses_looks-like-an-id' }, 400, 'BAD_REQUEST'],
    [{ agent: 'demo', cwd: '/work', key: 'a/b' }, 400, 'BAD_REQUEST'],
  ])('%j is refused with %i %s', async (body, status, code) => {
    await makeSession()
    expect(await fail('POST', '/v1/sessions', body)).toEqual([status, code])
  })

  test('a request that does not fit is told where', async () => {
    const unknown = await call('POST', '/v1/sessions', { agent: 'demo', cwd: '/work', command: ['sh'] })
    expect(unknown.body.error.details).toEqual({ reason: 'body/command is not known' })
    const query = await call('GET', '/v1/sessions?limit=0')
    expect(query.body.error.details.reason).toContain('querystring/limit')
  })

  test('a session is found by id and by key; another is 404', async () => {
    const id = await makeSession()
    for (const name of [id, 'k']) expect((await call('GET', `/v1/sessions/${name}`)).body.id).toBe(id)
    expect(await fail('GET', '/v1/sessions/nope')).toEqual([404, 'SESSION_NOT_FOUND'])
  })

  test('pages of the list cover every session once, newest first', async () => {
    const ids: string[] = []
    for (let i = 0; i < 7; i++) ids.unshift(await makeSession(`k${i}`))
    const seen: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const page = await call('GET', `/v1/sessions?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...page.body.sessions.map((session: { id: string }) => session.id))
      cursor = page.body.next_cursor
      pages += 1
    }
    expect([seen, pages]).toEqual([ids, 3])
  })

  test('the list is filtered by state, agent and blocked', async () => {
    const blocked = await makeSession('blocked')
    gateway.service.endTurn(blocked, await runTurn(blocked), 'interrupted')
    await gateway.service.close(await makeSession('closed'))
    await gateway.service.ensure({ agent: 'other', cwd: '/work', key: 'other' })
    const keys = async (query: string) =>
      (await call('GET', `/v1/sessions?${query}`)).body.sessions.map((session: { key: string }) => session.key)
    expect(await keys('state=closed')).toEqual(['closed'])
    expect(await keys('agent=other')).toEqual(['other'])
    expect(await keys('blocked=true')).toEqual(['blocked'])
    expect(await keys('blocked=false&state=open')).toEqual(['other'])
  })

  test.each([
    'cursor=zzz',
    'cursor=dDE',
    'limit=201',
    'limit=x',
    'blocked=maybe',
    'state=dead',
    'color=red',
    'limit=1&limit=2',
  ])('a list with %s is refused', async (query) => {
    expect(await fail('GET', `/v1/sessions?${query}`)).toEqual([400, 'BAD_REQUEST'])
  })

  test.each(['POST', 'DELETE'] as const)(
    'close over %s answers with the evidence, and again without',
    async (method) => {
      await makeSession()
      const url = method === 'POST' ? '/v1/sessions/k/close' : '/v1/sessions/k'
      const first = await call(method, url)
      expect(first.body).toMatchObject({
        session: { state: 'closed', activity: 'closed' },
        stopped: { forced: false, swept: 0, survivors: [], ms: 3 },
      })
      expect((await call(method, url)).body.stopped).toBeNull()
    },
  )

  test('resume frees a session that is held', async () => {
    const id = await makeSession()
    const turnId = await runTurn(id)
    gateway.service.endTurn(id, turnId, 'interrupted')
    expect((await call('GET', '/v1/sessions/k')).body).toMatchObject({ activity: 'blocked', blocked_by: turnId })
    const freed = await call('POST', '/v1/sessions/k/resume', { action: 'discard' })
    expect(freed.body).toMatchObject({ id, blocked_by: null })
    expect(await fail('POST', '/v1/sessions/k/resume', { action: 'explode' })).toEqual([400, 'BAD_REQUEST'])
    expect(await fail('POST', '/v1/sessions/k/resume', {})).toEqual([400, 'BAD_REQUEST'])
  })
})

describe('prompts', () => {
  const url = '/v1/sessions/k/prompts'
  beforeEach(async () => void (await makeSession()))

  test('a text is one text block; the turn is answered with 202', async () => {
    const { status, body } = await call('POST', url, { prompt: 'hello', expires_at: '2030-01-02T03:04:05.678Z' })
    expect(status).toBe(202)
    expect(body).toMatchObject({ position: 0, replayed: false })
    expect(body.turn).toMatchObject({
      n: 1,
      state: 'running',
      origin: 'user',
      prompt: [{ type: 'text', text: 'hello' }],
      expires_at: '2030-01-02T03:04:05.678Z',
      outcome: null,
    })
  })

  test('content blocks are taken as they are', async () => {
    const prompt = [
      { type: 'text', text: 'a' },
      { type: 'resource_link', uri: 'file:///x', name: 'x', _meta: { a: [1] } },
    ]
    expect((await call('POST', url, { prompt })).body.turn.prompt).toEqual(prompt)
  })

  test('the same key and body give the same turn, another body is refused', async () => {
    const headers = { 'idempotency-key': 'once' }
    const first = await call('POST', url, { prompt: 'a' }, headers)
    const again = await call('POST', url, { prompt: 'a' }, headers)
    expect([again.status, again.body.replayed, again.body.turn.id]).toEqual([202, true, first.body.turn.id])
    const inBody = await call('POST', url, { prompt: 'a', idempotency_key: 'once' })
    expect(inBody.body.turn.id).toBe(first.body.turn.id)
    expect(await fail('POST', url, { prompt: 'b' }, headers)).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    expect(await fail('POST', url, { prompt: 'a', idempotency_key: 'two' }, headers)).toEqual([400, 'BAD_REQUEST'])
  })

  test('a full queue says when to try again', async () => {
    for (let i = 0; i < 5; i++) expect((await call('POST', url, { prompt: `p${i}` })).body.position).toBe(i)
    const full = await call('POST', url, { prompt: 'one more' })
    expect([full.status, full.body.error.code, full.body.error.retryable]).toEqual([429, 'QUEUE_FULL', true])
    expect(Number(full.headers['retry-after'])).toBe(full.body.error.retry_after_ms / 1000)
  })

  test.each([
    [{ prompt: '' }, 422, 'PROMPT_EMPTY'],
    [{ prompt: 'x'.repeat(100_001) }, 413, 'PROMPT_TOO_LARGE'],
    [{ prompt: 'x'.repeat(200_001) }, 413, 'PAYLOAD_TOO_LARGE'],
    [{ prompt: [] }, 400, 'BAD_REQUEST'],
    [{ prompt: 5 }, 400, 'BAD_REQUEST'],
    [{ prompt: ['text'] }, 400, 'BAD_REQUEST'],
    [{}, 400, 'BAD_REQUEST'],
    [{ prompt: 'a', expires_at: 'tomorrow' }, 400, 'BAD_REQUEST'],
    [{ prompt: 'a', expires_at: 1_700_000_000_000 }, 400, 'BAD_REQUEST'],
    [{ prompt: 'a', on_interrupt: 'maybe' }, 400, 'BAD_REQUEST'],
    [{ prompt: 'a', idempotency_key: '' }, 400, 'BAD_REQUEST'],
    ['{"prompt":"a"', 400, 'BAD_JSON'],
    ['["a"]', 400, 'BAD_JSON'],
    ['null', 400, 'BAD_JSON'],
    ['{"prompt":[{"__proto__":{"a":1}}]}', 400, 'BAD_JSON'],
    [`{"prompt":[${'{"a":['.repeat(70)}1${']}'.repeat(70)}]}`, 400, 'BAD_JSON'],
    [`{"prompt":${'['.repeat(90_000)}${']'.repeat(90_000)}}`, 400, 'BAD_JSON'],
  ])('body %# is refused with %i %s', async (body, status, code) => {
    expect(await fail('POST', url, body)).toEqual([status, code])
    expect(await gateway.service.turns((await gateway.service.get('k')).session.id, { limit: 1 })).toEqual([])
  })

  test('a closed session is 410, an unknown one 404, a one-shot one with a turn 409', async () => {
    await gateway.service.close(await makeSession('done'))
    expect(await fail('POST', '/v1/sessions/done/prompts', { prompt: 'a' })).toEqual([410, 'SESSION_CLOSED'])
    expect(await fail('POST', '/v1/sessions/nope/prompts', { prompt: 'a' })).toEqual([404, 'SESSION_NOT_FOUND'])
    const { status } = await gateway.service.ensure({ agent: 'demo', cwd: '/work', mode: 'oneshot' })
    const oneshot = `/v1/sessions/${status.session.id}/prompts`
    expect((await call('POST', oneshot, { prompt: 'a' })).status).toBe(202)
    expect(await fail('POST', oneshot, { prompt: 'b' })).toEqual([409, 'SESSION_ONESHOT'])
  })

  test.each(['draining', 'stopped'] as const)(
    '116: while %s, work is refused with a time to come back; reads and cancels go on',
    async (phase) => {
      gateway.phase = phase
      const refused = await call('POST', url, { prompt: 'a' })
      expect([refused.status, refused.body.error]).toEqual([
        503,
        expect.objectContaining({ code: 'GATEWAY_DRAINING', retryable: true }),
      ])
      expect(refused.headers['retry-after']).toBe('5')
      expect(await fail('POST', '/v1/sessions', { agent: 'demo', cwd: '/work' })).toEqual([503, 'GATEWAY_DRAINING'])
      expect(await fail('POST', '/v1/sessions/k/resume', { action: 'retry' })).toEqual([503, 'GATEWAY_DRAINING'])
      expect((await call('GET', '/v1/sessions/k')).status).toBe(200)
      expect((await call('POST', '/v1/sessions/k/cancel')).status).toBe(200)
    },
  )
})

describe('turns', () => {
  test('a turn shows its outcome; the list is newest first and has pages', async () => {
    const id = await makeSession()
    const first = await runTurn(id)
    const error = { code: 'AGENT_EXITED', message: 'gone', details: { exit: 'SIGKILL' } } as const
    gateway.service.endTurn(id, first, 'failed', { error, forced: true, delivery: 'unknown', usage: { total: 5 } })
    const second = await runTurn(id)
    const { body } = await call('GET', `/v1/sessions/k/turns/${first}`)
    expect(body).toMatchObject({ id: first, session_id: id, state: 'failed', delivery: 'unknown' })
    expect(body.outcome).toEqual({
      state: 'failed',
      delivery: 'unknown',
      stop_reason: null,
      forced: true,
      error: { ...error, retryable: true },
      usage: { total: 5 },
      ended_at: expect.stringMatching(/Z$/),
    })
    const page = await call('GET', '/v1/sessions/k/turns?limit=1')
    expect(page.body.turns.map((turn: { id: string }) => turn.id)).toEqual([second])
    const next = await call('GET', `/v1/sessions/k/turns?limit=1&cursor=${page.body.next_cursor}`)
    expect([next.body.turns[0].id, next.body.next_cursor]).toEqual([first, null])
    expect(await fail('GET', '/v1/sessions/k/turns/turn_nope')).toEqual([404, 'TURN_NOT_FOUND'])
    expect(await fail('GET', '/v1/sessions/nope/turns')).toEqual([404, 'SESSION_NOT_FOUND'])
  })

  test('a cursor of another list is refused', async () => {
    for (const key of ['a', 'k']) await makeSession(key)
    const { next_cursor: cursor } = (await call('GET', '/v1/sessions?limit=1')).body
    expect(cursor).not.toBeNull()
    expect(await fail('GET', `/v1/sessions/k/turns?cursor=${cursor}`)).toEqual([400, 'BAD_REQUEST'])
  })

  test('a wait answers when the turn ends, not before', async () => {
    const id = await makeSession()
    const turnId = await runTurn(id)
    let isAnswered = false
    const waiting = call('GET', `/v1/sessions/k/turns/${turnId}?wait_ms=60000`).finally(() => (isAnswered = true))
    await vi.waitFor(() => expect(gateway.service.subscriptions).toBe(1))
    gateway.service.append(id, 'update', {}, turnId)
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    expect(isAnswered).toBe(false)
    gateway.service.endTurn(id, turnId, 'completed')
    expect((await waiting).body).toMatchObject({ state: 'completed', outcome: { stop_reason: 'end_turn' } })
  })

  test('a wait for a turn that has ended answers at once; one that takes too long answers with the turn as it is', async () => {
    const id = await makeSession()
    const turnId = await runTurn(id)
    expect((await call('GET', `/v1/sessions/k/turns/${turnId}?wait_ms=30`)).body.outcome).toBeNull()
    gateway.service.endTurn(id, turnId, 'cancelled')
    expect((await call('GET', `/v1/sessions/k/turns/${turnId}?wait_ms=60000`)).body.state).toBe('cancelled')
    expect(await fail('GET', `/v1/sessions/k/turns/${turnId}?wait_ms=60001`)).toEqual([400, 'BAD_REQUEST'])
    expect(await fail('GET', '/v1/sessions/k/turns/turn_nope?wait_ms=10')).toEqual([404, 'TURN_NOT_FOUND'])
  })

  test('cancel takes one turn, or the active one, and says what it did', async () => {
    const id = await makeSession()
    const [first, second] = [await runTurn(id), await runTurn(id)]
    const ended = (turn: string) => [
      { turn_id: turn, state: 'cancelled', forced: false, ms: expect.any(Number) as unknown },
    ]
    const one = (await call('POST', '/v1/sessions/k/cancel', { turn_id: second })).body
    expect(one).toEqual({ turns: [second], outcome: 'ended', ended: ended(second) })
    const active = (await call('POST', '/v1/sessions/k/cancel')).body
    expect(active).toEqual({ turns: [first], outcome: 'ended', ended: ended(first) })
    expect((await call('POST', '/v1/sessions/k/cancel', {})).body).toEqual({ turns: [], outcome: 'none', ended: [] })
    expect(await fail('POST', '/v1/sessions/k/cancel', { turn_id: 'turn_nope' })).toEqual([404, 'TURN_NOT_FOUND'])
  })
})

describe('event pages', () => {
  test('pages cover the log once; data is what was stored', async () => {
    const id = await makeSession()
    gateway.service.appendAll(id, [
      { type: 'update', data: '{"big":12345678901234567890,"text":"\\u2028 <b>"}' },
      { type: 'update', data: '{\r\n "spaced" : true }' },
    ])
    const first = await call('GET', '/v1/sessions/k/events?limit=2')
    expect([
      first.body.events.map((event: { seq: number }) => event.seq),
      first.body.head,
      first.body.next_after,
    ]).toEqual([[1, 2], 3, 2])
    expect(first.text).toContain('{"big":12345678901234567890,"text":"\\u2028 <b>"}')
    const second = await call('GET', `/v1/sessions/k/events?after=${first.body.next_after}`)
    expect(second.body.events).toEqual([
      expect.objectContaining({ seq: 3, type: 'update', turn_id: null, data: { spaced: true } }),
    ])
    const empty = await call('GET', '/v1/sessions/k/events?after=3')
    expect(empty.body).toEqual({ events: [], head: 3, next_after: 3 })
  })

  test('105: a cursor beyond the log is 410 and says where the log ends, for a page and for a stream', async () => {
    await makeSession()
    for (const headers of [{}, { accept: 'text/event-stream' }]) {
      const { status, body } = await call('GET', '/v1/sessions/k/events?after=2', undefined, headers)
      expect([status, body.error.code, body.error.details]).toEqual([410, 'CURSOR_AHEAD', { after: 2, lastSeq: 1 }])
    }
  })

  test('a stream of an unknown session is 404, with a cursor that is none 400', async () => {
    await makeSession()
    const headers = { accept: 'text/event-stream' }
    expect(await fail('GET', '/v1/sessions/nope/events', undefined, headers)).toEqual([404, 'SESSION_NOT_FOUND'])
    for (const query of ['after=-1', 'after=x', 'after=1e3', 'limit=1001']) {
      expect(await fail('GET', `/v1/sessions/k/events?${query}`, undefined, headers)).toEqual([400, 'BAD_REQUEST'])
    }
    const strange = { ...headers, 'last-event-id': '1; drop' }
    expect(await fail('GET', '/v1/sessions/k/events', undefined, strange)).toEqual([400, 'BAD_REQUEST'])
  })
})

describe('permissions', () => {
  const options = [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }]

  test('an open request is listed with its session, answered once, and then closed', async () => {
    const id = await makeSession()
    const turnId = await runTurn(id)
    const asked = gateway.service.askPermission(id, turnId, options)
    const list = await call('GET', '/v1/permissions?state=open')
    expect(list.body.permissions).toEqual([
      expect.objectContaining({
        id: asked.id,
        session_id: id,
        turn_id: turnId,
        options,
        state: 'open',
        closed_at: null,
      }),
    ])
    const url = `/v1/permissions/${asked.id}`
    expect(await fail('POST', url, { option_id: 'maybe' })).toEqual([422, 'PERMISSION_OPTION_UNKNOWN'])
    const answered = await call('POST', url, { option_id: 'yes', answered_by: 'me' })
    expect(answered.body).toMatchObject({ state: 'answered', option_id: 'yes', answered_by: 'me', session_id: id })
    expect(await fail('POST', url, { option_id: 'yes' })).toEqual([409, 'PERMISSION_CLOSED'])
    expect((await call('GET', '/v1/permissions?state=open')).body.permissions).toEqual([])
  })

  test('the list can be of one session; unknown ones are 404', async () => {
    const [one, two] = [await makeSession('one'), await makeSession('two')]
    for (const id of [one, two]) gateway.service.askPermission(id, await runTurn(id), options)
    for (const name of [two, 'two']) {
      const { body } = await call('GET', `/v1/permissions?session=${name}`)
      expect(body.permissions.map((permission: { session_id: string }) => permission.session_id)).toEqual([two])
    }
    expect(await fail('GET', '/v1/permissions?session=nope')).toEqual([404, 'SESSION_NOT_FOUND'])
    expect(await fail('POST', `/v1/permissions/${'perm_x' as PermissionId}`, { option_id: 'a' })).toEqual([
      404,
      'PERMISSION_NOT_FOUND',
    ])
  })
})

describe('failures', () => {
  test('an unknown path is 404 in the same shape', async () => {
    const { status, body } = await call('GET', '/v1/nothing?secret=1')
    expect([status, body.error.code, body.error.details]).toEqual([404, 'NOT_FOUND', { path: '/v1/nothing' }])
    expect(Object.keys(body.error)).toEqual(['code', 'message', 'details', 'retryable', 'retry_after_ms', 'request_id'])
  })

  test.each([
    [new Error('SELECT secret FROM x'), 500, 'INTERNAL'],
    [new HoldfastError('STORE_FAILED', { reason: 'secret disk' }), 503, 'STORE_FAILED'],
    [new HoldfastError('LEASE_LOST', { node: 'secret' }), 503, 'LEASE_LOST'],
  ])('%s tells the client its code and an id, and the log the rest', async (error, status, code) => {
    await makeSession()
    gateway.service.failure = error
    const answer = await call('GET', '/v1/sessions/k')
    expect([answer.status, answer.body.error.code, answer.body.error.details]).toEqual([status, code, {}])
    expect(answer.text).not.toContain('secret')
    const id = answer.body.error.request_id
    expect(answer.headers['x-request-id']).toBe(id)
    expect(gateway.logged).toEqual([
      { level: 'error', message: 'request failed', fields: { requestId: id, code, err: error } },
    ])
  })

  test('what a client does wrong is not logged', async () => {
    await fail('GET', '/v1/sessions/nope')
    await fail('POST', '/v1/sessions', { agent: 5 })
    expect(gateway.logged).toEqual([])
  })
})
