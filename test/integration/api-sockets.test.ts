// The API on real sockets: what only shows on the wire, and how the listeners come and go.

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { NetConnectOpts } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { createApi } from '../../src/api/create-api.ts'
import { listenTestApi, TestGateway, TOKEN } from '../_support/test-api.ts'

const AUTHORIZATION = `Authorization: Bearer ${TOKEN}`

/** Sends bytes as they are; resolves with everything that came back until the end of the connection. */
function raw(where: NetConnectOpts, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(where, () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('error', reject).on('close', () => resolve(text))
  })
}

const statusLine = (text: string): string => text.split('\r\n', 1)[0] ?? ''

describe('128: on the wire', () => {
  test.each([
    ['two Hosts, ours first', 'GET /v1/status HTTP/1.1', ['HOST', 'Host: evil.example'], 403],
    ['two Hosts, ours last', 'GET /v1/status HTTP/1.1', ['Host: evil.example', 'HOST'], 403],
    ['the same Host twice', 'GET /v1/status HTTP/1.1', ['HOST', 'HOST'], 403],
    ['Hosts that differ in case', 'GET /v1/status HTTP/1.1', ['HOST', 'hOST: evil.example'], 403],
    ['no Host', 'GET /v1/status HTTP/1.1', [], 400],
    ['no Host over HTTP/1.0', 'GET /v1/status HTTP/1.0', [], 403],
    ['an absolute target', 'GET http://evil.example/v1/status HTTP/1.1', ['HOST'], 400],
    ['an absolute target of ours', 'GET http://HOSTNAME/v1/status HTTP/1.1', ['HOST'], 400],
    ['an asterisk', 'OPTIONS * HTTP/1.1', ['HOST'], 400],
    ['a folded Host', 'GET /v1/status HTTP/1.1', ['HOST', ' evil.example'], 400],
    ['a Host with a space before the colon', 'GET /v1/status HTTP/1.1', ['Host : 127.0.0.1'], 400],
  ])('%s is refused', async (_, line, headers, status) => {
    await using listening = await listenTestApi()
    const host = `127.0.0.1:${listening.port}`
    const sent = [line.replace('HOSTNAME', host), ...headers.map((header) => header.replace(/^HOST$/, `Host: ${host}`))]
    const answer = await raw({ host: '127.0.0.1', port: listening.port }, [...sent, AUTHORIZATION, 'Connection: close'])
    expect(statusLine(answer)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).not.toContain('"version"')
  })

  test('the unix socket takes loopback names with any port, and no other', async () => {
    await using listening = await listenTestApi()
    const ask = (host: string) =>
      raw({ path: listening.socket }, ['GET /v1/status HTTP/1.1', `Host: ${host}`, AUTHORIZATION, 'Connection: close'])
    for (const host of ['localhost', 'localhost:1', '127.0.0.1', '[::1]:99']) {
      expect([host, statusLine(await ask(host))]).toEqual([host, 'HTTP/1.1 200 OK'])
    }
    for (const host of ['evil.example', 'localhost.evil.example', 'localhost:x', '']) {
      expect([host, statusLine(await ask(host))]).toEqual([host, 'HTTP/1.1 403 Forbidden'])
    }
  })

  test('what is allowed on the unix socket is not allowed on TCP', async () => {
    await using listening = await listenTestApi()
    const lines = ['GET /v1/status HTTP/1.1', 'Host: localhost', AUTHORIZATION, 'Connection: close']
    expect(statusLine(await raw({ path: listening.socket }, lines))).toContain('200')
    expect(statusLine(await raw({ host: '127.0.0.1', port: listening.port }, lines))).toContain('403')
  })
})

test('127: an upgrade without the token is 401, with it 404: there is no WebSocket', async () => {
  await using listening = await listenTestApi()
  const where = { host: '127.0.0.1', port: listening.port }
  const lines = [
    'GET /v1/events HTTP/1.1',
    `Host: 127.0.0.1:${listening.port}`,
    'Connection: Upgrade, close',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ]
  expect(statusLine(await raw(where, lines))).toContain('401')
  expect(statusLine(await raw(where, [...lines, AUTHORIZATION]))).toContain('404')
})

test('a refused request is not read to its end', async () => {
  await using listening = await listenTestApi()
  const lines = [
    'POST /v1/sessions HTTP/1.1',
    `Host: 127.0.0.1:${listening.port}`,
    'Content-Type: application/json',
    'Content-Length: 1000000000',
  ]
  const answer = await raw({ host: '127.0.0.1', port: listening.port }, lines)
  expect(statusLine(answer)).toContain('401')
})

test('111: a client that sends its header too slowly is cut; others are served meanwhile', async () => {
  await using listening = await listenTestApi()
  const slow = connect({ host: '127.0.0.1', port: listening.port })
  const closed = new Promise<number>((resolve) => {
    const from = performance.now()
    slow.on('close', () => resolve(performance.now() - from)).on('error', () => {})
  })
  slow.on('data', () => {}).write('GET /v1/status HTTP/1.1\r\nHost: ')
  const trickle = setInterval(() => slow.writable && slow.write('x'), 500)
  const served = await raw({ path: listening.socket }, ['GET /livez HTTP/1.1', 'Host: localhost', 'Connection: close'])
  expect(statusLine(served)).toContain('200')
  expect(await closed).toBeLessThan(14_000)
  clearInterval(trickle)
}, 20_000)

describe('listeners', () => {
  test('the socket is for its user only, TCP is on loopback, the port is written down; all is gone after close', async () => {
    await using listening = await listenTestApi()
    const portFile = join(dirname(listening.socket), 'http-port')
    expect(statSync(listening.socket).mode & 0o777).toBe(0o600)
    expect(statSync(portFile).mode & 0o777).toBe(0o600)
    expect(readFileSync(portFile, 'utf8')).toBe(`${listening.port}\n`)
    expect(listening.api.url()).toBe(`http://127.0.0.1:${listening.port}`)
    await listening.api.close()
    expect([existsSync(listening.socket), existsSync(portFile), listening.api.url()]).toEqual([false, false, undefined])
  })

  test('a socket in a directory that others may enter is refused', async () => {
    await using listening = await listenTestApi()
    const dir = join(dirname(listening.socket), 'open')
    mkdirSync(dir)
    chmodSync(dir, 0o755)
    const api = createApi(new TestGateway().ports({ tcp: undefined, socket: join(dir, 's') }))
    await expect(api.listen()).rejects.toMatchObject({ code: 'STATE_DIR_UNSAFE' })
    await api.close()
  })

  test('a file in the place of the socket is not taken away, and is not called a port', async () => {
    await using listening = await listenTestApi()
    const socket = join(dirname(listening.socket), 'file')
    writeFileSync(socket, 'mine')
    const api = createApi(new TestGateway().ports({ tcp: undefined, socket }))
    await expect(api.listen()).rejects.toMatchObject({ code: 'STATE_DIR_UNSAFE', details: { path: socket } })
    await api.close()
    expect(readFileSync(socket, 'utf8')).toBe('mine')
  })

  test('a socket that another gateway answers on is not taken; a leftover is', async () => {
    await using first = await listenTestApi()
    const second = createApi(new TestGateway().ports({ tcp: undefined, socket: first.socket }))
    await expect(second.listen()).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    expect(existsSync(first.socket)).toBe(true)
    await first.api.close()
    await leaveSocketFile(first.socket)
    expect(existsSync(first.socket)).toBe(true)
    const third = createApi(new TestGateway().ports({ tcp: undefined, socket: first.socket }))
    await third.listen()
    expect(
      statusLine(await raw({ path: first.socket }, ['GET /livez HTTP/1.1', 'Host: localhost', 'Connection: close'])),
    ).toContain('200')
    await third.close()
  })

  test('121: a port that was set and is taken is an error that leaves nothing open; the default moves to a free one', async () => {
    await using first = await listenTestApi()
    const dir = dirname(first.socket)
    const socket = join(dir, 'other.sock')
    const tcp = {
      host: '127.0.0.1',
      port: first.port,
      isPortExplicit: true,
      portFile: join(dir, 'other-port'),
    } as const
    const strict = createApi(new TestGateway().ports({ tcp, socket }))
    await expect(strict.listen()).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { address: `127.0.0.1:${first.port}` },
    })
    expect(existsSync(socket)).toBe(false)
    const moving = createApi(new TestGateway().ports({ tcp: { ...tcp, isPortExplicit: false }, socket }))
    await moving.listen()
    const url = new URL(moving.url() ?? '')
    expect([url.port === String(first.port), readFileSync(tcp.portFile, 'utf8')]).toEqual([false, `${url.port}\n`])
    const answer = await fetch(`${url.origin}/v1/status`, { headers: { authorization: `Bearer ${TOKEN}` } })
    expect(answer.status).toBe(200)
    await moving.close()
  })

  test('close lets a request that runs finish, and does not wait for idle connections', async () => {
    const gateway = new TestGateway()
    await using listening = await listenTestApi(gateway)
    const { status } = await gateway.service.ensure({ agent: 'demo', cwd: '/work', key: 'k' })
    const { turn } = await gateway.service.prompt(status.session.id, { prompt: [{ type: 'text', text: 'a' }] })
    const idle = connect({ host: '127.0.0.1', port: listening.port })
    await new Promise((resolve) => idle.once('connect', resolve))
    const path = `/v1/sessions/k/turns/${turn.id}?wait_ms=60000`
    const waiting = new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: 'localhost', authorization: `Bearer ${TOKEN}` }
      const sent = request({ socketPath: listening.socket, path, headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sent.on('error', reject).end()
    })
    await until(() => gateway.service.subscriptions === 1)
    const from = performance.now()
    await listening.api.close()
    expect(performance.now() - from).toBeLessThan(4_000)
    expect(await waiting).toBe(200)
    idle.destroy()
  })
})

/** Makes a socket file that nobody listens on. */
async function leaveSocketFile(path: string): Promise<void> {
  const { execFileSync } = await import('node:child_process')
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  try {
    execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' })
  } catch {
    // It was killed, as asked.
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  const end = Date.now() + 5_000
  while (!isTrue()) {
    if (Date.now() > end) throw new Error('it did not become true in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
