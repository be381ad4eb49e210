// The official SDK as an editor of a real gateway: over `holdfast acp`, a WebSocket and HTTP. One gateway for all, but for what ends it.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { openBridge, openHttpEditor, openWebSocketEditor } from '../_support/acp-bridge.ts'
import type { SdkEditor } from '../_support/acp-bridge.ts'
import { TestGateway } from '../_support/test-gateway.ts'

let gateway: TestGateway
let url: string

beforeAll(async () => {
  gateway = await TestGateway.start({ config: { http: { port: 0 } } })
  url = (await gateway.client.status()).url!
})
afterAll(() => gateway[Symbol.asyncDispose]())

async function newSession(editor: SdkEditor): Promise<string> {
  return (await editor.agent.request('session/new', { cwd: gateway.workspace, mcpServers: [] })).sessionId
}

function ask(editor: SdkEditor, sessionId: string, text: string) {
  return editor.agent.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] })
}

const isOrdered = (seqs: readonly number[]): boolean => seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]!)

describe('three ways in', () => {
  const ways = {
    stdio: () => openBridge(gateway),
    WebSocket: () => openWebSocketEditor(gateway),
    HTTP: () => openHttpEditor(gateway, url),
  }

  test.for(Object.entries(ways))(
    '%s: a session is made, prompted, asked for, listed, loaded and closed',
    async ([, open]) => {
      await using editor = await open()
      editor.onAsk = ({ options }) => options.find(({ kind }) => kind === 'allow_once')?.optionId ?? ''
      const id = await newSession(editor)
      expect((await ask(editor, id, '@chunks 3 @perm @say done')).stopReason).toBe('end_turn')
      expect(editor.text()).toBe('chunk 1 chunk 2 chunk 3 permission: yes done')
      expect(isOrdered(editor.seqs())).toBe(true)
      const { sessions } = await editor.agent.request('session/list', { cwd: gateway.workspace })
      expect(sessions.map(({ sessionId }) => sessionId)).toContain(id)
      editor.told.length = 0
      await editor.agent.request('session/load', { sessionId: id, cwd: gateway.workspace, mcpServers: [] })
      expect(editor.told.map(({ update }) => update.sessionUpdate)[0]).toBe('user_message_chunk')
      expect(editor.text()).toBe('chunk 1 chunk 2 chunk 3 permission: yes done')
      await editor.agent.request('session/close', { sessionId: id })
    },
  )
})

describe('many clients on one session', () => {
  test('two editors and the command line see and answer the same turns', async () => {
    await using one = await openWebSocketEditor(gateway)
    await using two = await openHttpEditor(gateway, url)
    const never = Promise.withResolvers<string>()
    one.onAsk = () => never.promise
    two.onAsk = () => 'no'
    const id = await newSession(one)
    await two.agent.request('session/resume', { sessionId: id, cwd: gateway.workspace })
    expect((await ask(one, id, '@say hi @perm')).stopReason).toBe('end_turn')
    await gateway.ask(id, '@say from the command line')
    await vi.waitFor(() =>
      expect([one.text(), two.text()]).toEqual(Array(2).fill('hipermission: no from the command line')),
    )
    const users = (editor: SdkEditor) =>
      editor.told.filter(({ update }) => update.sessionUpdate === 'user_message_chunk').length
    expect([users(one), users(two)]).toEqual([1, 2])
  })

  test('a request that waits for nobody is answered by the editor that comes later', async () => {
    const id = await gateway.newSession()
    const { turn } = await gateway.client.prompt(id, { prompt: '@perm' })
    await vi.waitFor(async () => expect((await gateway.client.getSession(id)).activity).toBe('awaiting_permission'))
    await using editor = await openWebSocketEditor(gateway)
    editor.onAsk = () => 'yes'
    await editor.agent.request('session/resume', { sessionId: id, cwd: gateway.workspace })
    expect((await gateway.ended(id, turn.id)).outcome?.state).toBe('completed')
    expect(await gateway.text(id)).toContain('permission: yes')
  })

  test('a cancel of an editor ends the turn of the command line', async () => {
    const id = await gateway.newSession()
    const { turn } = await gateway.client.prompt(id, { prompt: '@hang' })
    await vi.waitFor(async () => expect((await gateway.client.getSession(id)).activity).toBe('running'))
    await using editor = await openWebSocketEditor(gateway)
    await editor.agent.request('session/resume', { sessionId: id, cwd: gateway.workspace })
    await editor.agent.notify('session/cancel', { sessionId: id })
    expect((await gateway.ended(id, turn.id)).outcome?.state).toBe('cancelled')
  })
})

describe('holdfast acp', () => {
  test('F-29 F-59 F-60 when the editor closes stdin it leaves at once; the turn goes on, and nothing else was printed', async () => {
    await using bridge = await openBridge(gateway, '--agent', 'scripted')
    const id = await newSession(bridge)
    void ask(bridge, id, '@chunks 20 100').catch(() => {})
    await vi.waitFor(() => expect(bridge.text()).toContain('chunk 2'))
    const since = performance.now()
    expect(await bridge.leave()).toBe(0)
    expect(performance.now() - since).toBeLessThan(2_000)
    expect(bridge.stderr).toBe('')
    expect((await gateway.client.getSession(id)).activity).toBe('running')
    await gateway.client.cancelAndWait(id, { waitMs: 10_000 })
  })

  test('X-01 to X-13 odd bytes are read, rubbish is answered once, and what was asked before stdin was closed is answered', async () => {
    const child = gateway.spawn('acp')
    let out = ''
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const deep = `{"jsonrpc":"2.0","id":2,"method":"session/list","params":{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`
    const initialize =
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1,"clientInfo":{"name":"é🚀"}}}'
    const text = `\ufeff${initialize}\r\n\n  \nrubbish\n[]\n7\n${deep}\n{"id":3,"method":"session/list"}`
    const bytes = Buffer.from(text)
    for (let at = 0; at < 150; at++) child.stdin?.write(bytes.subarray(at, at + 1))
    child.stdin?.end(bytes.subarray(150))
    await new Promise((resolve) => child.once('close', resolve))
    const answers = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: unknown; error?: { code: number } })
    const codes = answers.map(({ id, error }) => `${String(id)} ${error?.code ?? 'ok'}`).toSorted()
    expect(codes).toEqual(['1 ok', '2 -32600', '3 ok', 'null -32600', 'null -32600', 'null -32700'])
  })
})

describe('the gateway goes and comes back', { timeout: 60_000 }, () => {
  test('killed in the middle of a turn: the editor hears every event once, its prompt is answered, its request is asked once', async () => {
    await using own = await TestGateway.start()
    await using bridge = await openBridge(own)
    let asked = 0
    const chosen = Promise.withResolvers<string>()
    bridge.onAsk = () => {
      asked += 1
      return chosen.promise
    }
    const { sessionId } = await bridge.agent.request('session/new', { cwd: own.workspace, mcpServers: [] })
    const answered = ask(bridge, sessionId, '@chunks 60 10 @perm @say end')
    await vi.waitFor(() => expect(bridge.text()).toContain('chunk 10 '), { timeout: 10_000 })
    await own.kill()
    await own.start()
    await vi.waitFor(() => expect(asked).toBe(1), { timeout: 15_000 })
    await own.kill()
    chosen.resolve('yes') // while nobody listens
    await own.start()
    expect((await answered).stopReason).toBe('end_turn')
    expect(bridge.text()).toBe(await own.text(sessionId))
    expect([isOrdered(bridge.seqs()), asked]).toEqual([true, 1])
    expect(bridge.text()).toMatch(/permission: yes end$/)
    expect((await own.received('recv')).length).toBe(1)
    await bridge.leave()
  })
})
