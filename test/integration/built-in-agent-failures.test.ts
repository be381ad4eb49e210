// The built-in agent with models that fail in every way: each turn ends with a kind and a sentence that says what to do, and keys
// stay where they are. One agent process for all; the last words of a prompt say what the server does.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { AgentHome, type BuiltInAgent } from '../_support/built-in-agent.ts'
import type { Frame } from '../agents/bare-client.ts'

const KEY = 'sk-very-secret-123'
const AUTH_REQUIRED = -32000
const INTERNAL = -32603
const SILENCE_SECONDS = 1

type Serve = (response: ServerResponse, request: IncomingMessage) => void

const SERVED: Readonly<Record<string, Serve>> = {
  echo: (response, { headers }) => answer(response, 401, { message: `no such key: ${headers.authorization}` }),
  busy: (response) => answer(response, 429, { message: 'too many' }, { 'retry-after-ms': '1' }),
  patience: (response) => answer(response, 429, { message: 'too many' }, { 'retry-after': '3600' }),
  page: (response) => response.writeHead(400).end(`<html>${'x'.repeat(5_000)}</html>`),
  once: (response) =>
    tries.once++ === 0 ? answer(response, 503, {}, { 'retry-after-ms': '1' }) : talk(response, true),
  overflow: (response) => answer(response, 400, { message: 'too long', code: 'context_length_exceeded' }),
  cut: (response) =>
    void talk(response, false)
      .once('drain', () => {})
      .write('', () => response.destroy()),
  empty: (response) => void say(response, {}, 'stop').end('data: [DONE]\n\n'),
  stall: (response) => void talk(response, false),
  hang: () => {},
}
const tries = { once: 0 }

const server = createServer((request, response) => void serve(request, response))
let home: AgentHome
let agent: BuiltInAgent
let session: string

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  home = await AgentHome.open()
  agent = home.start({
    HOLDFAST_AGENT_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    HOLDFAST_AGENT_MODEL: 'm',
    HOLDFAST_AGENT_API_KEY: KEY,
    HOLDFAST_AGENT_SILENCE_SECONDS: String(SILENCE_SECONDS),
  })
  session = await agent.start(home.cwd)
})

afterAll(async () => {
  await agent[Symbol.asyncDispose]()
  await home[Symbol.asyncDispose]()
  server.closeAllConnections()
  server.close()
})

test.each([
  ['echo', AUTH_REQUIRED, 'keyRefused', 'Set one that it takes where the agent is started'],
  ['busy', INTERNAL, 'limited', 'takes no more requests for now after 3 tries. Try again later'],
  ['patience', INTERNAL, 'limited', 'takes no more requests for now. Try again later'],
  ['page', INTERNAL, 'modelFailed', 'did not take the request'],
  ['overflow', INTERNAL, 'contextFull', 'Choose a model that takes more'],
  ['cut', INTERNAL, 'brokenOff', 'broke off. Send the prompt again'],
  ['empty', INTERNAL, 'noAnswer', 'gave no answer. Try again'],
  ['stall', INTERNAL, 'silent', 'said nothing any more'],
  ['hang', INTERNAL, 'silent', 'said nothing any more'],
])('a model that answers with %s ends the turn with %d, as %s, and says what to do', async (how, code, kind, words) => {
  const { error } = await agent.prompt(session, how)
  expect(error).toMatchObject({ code, data: { kind } })
  expect(error.message).toContain(words)
  expect(error.message.length).toBeLessThan(1_000)
})

test('a model that fails once is asked again, and that is told', async () => {
  expect((await agent.prompt(session, 'once'))['result']).toEqual({ stopReason: 'end_turn' })
  const told = agent.updates('agent_thought_chunk').map((update): string => update['content'].text)
  expect(told).toContain('local/m answered with status 503; trying again (1 of 2).\n')
})

test('no key is in an update, an answer or the transcript, although a server echoed it', async () => {
  const folder = join(home.state, 'transcripts')
  const stored = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))
  expect(stored.join('')).toContain('no such key')
  expect(stored.join('')).not.toContain(KEY)
  expect(JSON.stringify(agent.frames)).not.toContain(KEY)
})

test('a server that is not there is named with its address', async () => {
  const gone = { HOLDFAST_AGENT_BASE_URL: 'http://127.0.0.1:1/v1', HOLDFAST_AGENT_MODEL: 'm' }
  await using lonely = home.start(gone)
  const { error } = await lonely.prompt(await lonely.start(home.cwd), 'hi')
  expect(error).toMatchObject({ code: INTERNAL, data: { kind: 'unreachable' } })
  expect(error.message).toContain('cannot be reached at http://127.0.0.1:1/v1 after 3 tries')
})

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: Frame[] }
  const last = messages.findLast((message) => message['role'] === 'user')?.['content']
  const text = typeof last === 'string' ? last : (last[0].text as string)
  const isSummary = text.startsWith('<conversation>')
  SERVED[isSummary ? 'overflow' : text]?.(response, request)
}

function answer(response: ServerResponse, status: number, error: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }))
}

function talk(response: ServerResponse, isWhole: boolean): ServerResponse {
  say(response, { role: 'assistant', content: 'half' }, null)
  return isWhole ? say(response, { content: ' and half' }, 'stop').end('data: [DONE]\n\n') : response
}

function say(response: ServerResponse, delta: object, finishReason: string | null): ServerResponse {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  response.write(`data: ${JSON.stringify({ id: 'x', choices })}\n\n`)
  return response
}
