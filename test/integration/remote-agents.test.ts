// Agents elsewhere, over both wires: with the official SDK on the other side, and with servers that misbehave.

import { describe, expect, test, vi } from 'vitest'

import type { TurnId } from '../../src/base/ids.ts'
import { TURN } from '../_support/fake-process.ts'
import { connectRemote, HISTORY, startPeer, startServer } from '../_support/remote-peer.ts'
import type { Remote } from '../_support/remote-peer.ts'

const say = (text: string): string => JSON.stringify([{ type: 'text', text }])
const WIRES = ['ws', 'http'] as const

async function prompt({ connection, told }: Remote, text: string, turn: TurnId = TURN): Promise<string[]> {
  const from = told.length
  connection.prompt(turn, say(text))
  await vi.waitFor(() => expect(told.slice(from).at(-1)).toMatch(/^answered/), 5_000)
  return told.slice(from)
}

describe.each(WIRES)('an agent of the SDK over %s', (wire) => {
  test('a session, a prompt, a permission request and its answer, a cancel', async () => {
    await using peer = await startPeer()
    await using remote = await connectRemote(peer[wire])
    const { connection, told } = remote
    expect([connection.pid, connection.agentSessionId]).toEqual([undefined, 'remote-1'])
    expect(await prompt(remote, 'hello')).toEqual(['update hello', `answered ${TURN} end_turn`])
    connection.prompt('turn_2' as TurnId, say('ask'))
    await vi.waitFor(() => expect(told.at(-1)).toMatch(/^permission/), 5_000)
    connection.answerPermission(Number(told.at(-1)?.split(' ')[1]), { outcome: 'selected', optionId: 'yes' })
    await vi.waitFor(() => expect(told.slice(-2)).toEqual(['update selected', 'answered turn_2 end_turn']), 5_000)
    connection.prompt('turn_3' as TurnId, say('wait'))
    await vi.waitFor(() => expect(peer.heard).toContain('wait'), 5_000)
    connection.cancel()
    await vi.waitFor(() => expect(told.at(-1)).toBe('answered turn_3 cancelled'), 5_000)
    expect(remote.host.connections).toBe(1)
    await connection.stop()
    expect(remote.host.connections).toBe(0)
  })

  test('C-15 nothing of this machine is offered to it: no files, no terminals, no login in one', async () => {
    await using peer = await startPeer()
    await using _ = await connectRemote(peer[wire])
    const nothing = { fs: { readTextFile: false, writeTextFile: false }, terminal: false }
    expect(peer.offers).toEqual([expect.objectContaining(nothing)])
    expect(JSON.stringify(peer.offers[0])).not.toContain('"terminal":true')
  })

  test('an MCP server that is a command of this machine is refused before the session is asked for', async () => {
    await using peer = await startPeer()
    const server = { name: 'local', command: '/bin/x', args: [], env: [{ name: 'KEY', value: 'hunter2' }] }
    const equipment = { mcpServers: [server], directories: [], meta: undefined }
    const refused = connectRemote(peer[wire], { equipment })
    await expect(refused).rejects.toMatchObject({ code: 'EQUIPMENT_UNSUPPORTED' })
    await expect(refused).rejects.not.toThrow(/hunter2/)
  })

  test('a conversation is loaded again, and nothing of its history is told as new', async () => {
    await using peer = await startPeer()
    await using remote = await connectRemote(peer[wire], { resume: 'remote-1' })
    expect(remote.connection.continuity).toBe('loaded')
    expect(await prompt(remote, 'and now')).toEqual(['update and now', `answered ${TURN} end_turn`])
    expect(HISTORY).toBeGreaterThan(0)
  })

  test('everything of a long answer comes, in order', async () => {
    await using peer = await startPeer()
    await using remote = await connectRemote(peer[wire])
    const told = await prompt(remote, 'many 3000')
    const chunks = Array.from({ length: 3_000 }, (_, n) => `update chunk ${n}`)
    expect(told).toEqual([...chunks, `answered ${TURN} end_turn`])
  })

  test('the headers of the configuration go along, and a refusal of them is a login that is missing', async () => {
    await using peer = await startPeer(({ headers }) => (headers.authorization === 'Bearer right' ? undefined : 401))
    await using remote = await connectRemote(peer[wire], { headers: { Authorization: 'Bearer right' } })
    await prompt(remote, 'hello')
    expect(new Set(peer.seen.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer right']))
    const refused = connectRemote(peer[wire], { headers: { Authorization: 'Bearer wrong' } })
    await expect(refused).rejects.toMatchObject({
      code: 'AGENT_AUTH_REQUIRED',
      details: { status: 401, elsewhere: true },
    })
    const said = await refused.catch((error: unknown) => JSON.stringify(error) + String(error))
    expect(said).not.toContain('wrong')
  })

  test('a redirect is not followed: no credential goes where it was not meant for', async () => {
    const other: string[] = []
    await using elsewhere = await startServer((request, response) => {
      other.push(request.url ?? '')
      response.end()
    })
    elsewhere.server.on('upgrade', (request, socket) => {
      other.push(request.url ?? '')
      socket.destroy()
    })
    await using peer = await startServer((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end()
    })
    peer.server.on('upgrade', (_, socket) =>
      socket.end(`HTTP/1.1 307 No\r\nlocation: ws://127.0.0.1:${elsewhere.port}/\r\ncontent-length: 0\r\n\r\n`),
    )
    const url = `${wire}://127.0.0.1:${peer.port}/`
    await expect(connectRemote(url, { headers: { Authorization: 'Bearer x' } })).rejects.toMatchObject({
      code: 'AGENT_UNREACHABLE',
      details: { status: 307 },
    })
    expect(other).toEqual([])
  })

  test('nobody there, no TLS there, no ACP there, no answer: each is said in plain words', async () => {
    await using peer = await startServer((_, response) => response.writeHead(404).end('x'))
    peer.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n'))
    await using silent = await startServer(() => {})
    silent.server.on('upgrade', () => {})
    const reasons = [
      [`${wire}://127.0.0.1:1/`, 'nothing listens there'],
      [`${wire}s://127.0.0.1:${peer.port}/`, 'no TLS connection came about; perhaps it speaks none there'],
      [`${wire}://127.0.0.1:${peer.port}/`, 'its server refused the connection (HTTP 404)'],
    ]
    for (const [url = '', reason] of reasons)
      await expect(connectRemote(url)).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE', details: { reason } })
    const times = { connectMs: 100, postMs: 100 }
    const stuck = connectRemote(`${wire}://127.0.0.1:${silent.port}/`, { times })
    const code = wire === 'ws' ? 'AGENT_START_TIMEOUT' : 'AGENT_UNREACHABLE'
    await expect(stuck).rejects.toMatchObject({ code })
  })

  test('a connection that is lost in a turn is said to be a lost connection, once', async () => {
    const peer = await startPeer()
    await using remote = await connectRemote(peer[wire])
    remote.connection.prompt(TURN, say('wait'))
    await vi.waitFor(() => expect(peer.heard).toContain('wait'), 5_000)
    await peer[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(remote.told).toEqual(['lost AGENT_DISCONNECTED']), 5_000)
    expect(remote.connection.hasPrompt(TURN)).toBe(true)
    expect(remote.connection.hasPrompt('turn_9' as TurnId)).toBe(false)
  })

  test('a message beyond the limit ends the connection; it is not read into memory', async () => {
    await using peer = await startPeer()
    await using remote = await connectRemote(peer[wire], { lineBytesMax: 2_000 })
    remote.connection.prompt(TURN, say('x'.repeat(10_000)))
    await vi.waitFor(() => expect(remote.told).toEqual(['lost AGENT_PROTOCOL_ERROR']), 5_000)
  })

  test('a flood that nobody stores is held back at its source, and flows again when it is stored', async () => {
    await using peer = await startPeer()
    await using remote = await connectRemote(peer[wire], { isSlow: true })
    const { connection, told } = remote
    connection.prompt(TURN, say('many 8000'))
    let last = -1
    await vi.waitFor(() => {
      const isStill = told.length === last
      last = told.length
      expect([isStill, last > 1_000]).toEqual([true, true])
    }, 5_000)
    expect(last).toBeLessThan(8_000)
    for (let n = 0; !told.at(-1)?.startsWith('answered'); n = told.length) {
      connection.acknowledge(1_000_000)
      await vi.waitFor(() => expect(told.length).toBeGreaterThan(n), 5_000)
    }
    expect(told.length).toBe(8_001)
  })
})
