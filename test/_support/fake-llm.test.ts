// The fake model server over fetch: each API answers in its own format, directives decide, the log tells what was asked.

import { expect, test, vi } from 'vitest'
import { startFakeLlm, type FakeLlm } from './fake-llm/server.ts'

const WRITE = '@tool write /w/a.txt hello there'
const writeSchema = {
  type: 'object',
  properties: { path: { type: 'string' }, content: { type: 'string' } },
  required: ['path'],
}

interface ApiCase {
  name: string
  path: (stream: boolean) => string
  body: (text: string, stream: boolean, withTools?: boolean) => object
  /** A follow-up with a rejected tool call. */
  afterTool: object
}

const APIS: ApiCase[] = [
  {
    name: 'openai chat',
    path: () => '/v1/chat/completions',
    body: (text, stream, withTools) => ({
      model: 'fake-model',
      stream,
      messages: [
        { role: 'system', content: 'You help.' },
        { role: 'user', content: [{ type: 'text', text }] },
      ],
      ...(withTools ? { tools: [{ type: 'function', function: { name: 'write', parameters: writeSchema } }] } : {}),
    }),
    afterTool: {
      model: 'fake-model',
      messages: [
        { role: 'user', content: WRITE },
        { role: 'assistant', content: null },
        { role: 'tool', content: 'rejected by the user' },
      ],
    },
  },
  {
    name: 'openai responses',
    path: () => '/v1/responses',
    body: (text, stream, withTools) => ({
      model: 'fake-model',
      stream,
      instructions: 'You help.',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }],
      ...(withTools ? { tools: [{ type: 'function', name: 'write', parameters: writeSchema }] } : {}),
    }),
    afterTool: {
      model: 'fake-model',
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: WRITE }] },
        { type: 'function_call_output', call_id: 'call_fake_1', output: 'rejected by the user' },
      ],
    },
  },
  {
    name: 'anthropic',
    path: () => '/v1/messages',
    body: (text, stream, withTools) => ({
      model: 'fake-model',
      stream,
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      ...(withTools ? { tools: [{ name: 'write', input_schema: writeSchema }] } : {}),
    }),
    afterTool: {
      model: 'fake-model',
      messages: [
        { role: 'user', content: WRITE },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'x', content: 'rejected by the user' },
            { type: 'text', text: 'reminder' },
          ],
        },
      ],
    },
  },
  {
    name: 'gemini',
    path: (stream) => `/v1beta/models/fake-model:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (text, _stream, withTools) => ({
      contents: [{ role: 'user', parts: [{ text }] }],
      ...(withTools
        ? { tools: [{ functionDeclarations: [{ name: 'write', parametersJsonSchema: writeSchema }] }] }
        : {}),
    }),
    afterTool: {
      contents: [
        { role: 'user', parts: [{ text: WRITE }] },
        {
          role: 'user',
          parts: [{ functionResponse: { name: 'write', response: { output: 'rejected by the user' } } }],
        },
      ],
    },
  },
]

async function post(
  llm: FakeLlm,
  path: string,
  body: object,
  signal?: AbortSignal,
): Promise<{ status: number; text: string }> {
  const init = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await fetch(llm.url + path, { ...init, signal: signal ?? AbortSignal.timeout(5000) })
  return { status: response.status, text: await response.text() }
}

/** Every string found under `key` in the JSON of an answer, streamed or whole, in order. */
function stringsUnder(key: string, text: string): string[] {
  const found: string[] = []
  const lines = text.startsWith('{') ? [text] : text.split('\n').filter((line) => line.startsWith('data: {'))
  const documents = lines.map((line): unknown => JSON.parse(line.replace(/^data: /, '')))
  JSON.stringify(documents, (k, value: unknown) => {
    if (k === key && typeof value === 'string') found.push(value)
    return value
  })
  return found
}

test.each(APIS)('$name streams a plain answer in several pieces', async ({ path, body }) => {
  await using llm = await startFakeLlm()
  const { status, text } = await post(llm, path(true), body('say hi', true))
  expect(status).toBe(200)
  const pieces = ['content', 'delta', 'text'].map((key) =>
    stringsUnder(key, text).filter((piece) => piece.endsWith(' ') || piece === 'hi'),
  )
  expect(pieces.map((list) => list.join(''))).toContain('fake answer to: say hi')
  expect(llm.requests).toMatchObject([{ lastUserText: 'say hi', answer: 'text', model: 'fake-model' }])
  await vi.waitFor(() => expect(llm.requests[0]?.state).toBe('finished'))
})

test.each(APIS)('$name gives the whole answer without streaming', async ({ path, body }) => {
  await using llm = await startFakeLlm()
  expect((await post(llm, path(false), body('say hi', false))).text).toContain('"fake answer to: say hi"')
})

test.each(APIS)('$name calls the offered write tool, streamed and not', async ({ path, body }) => {
  await using llm = await startFakeLlm()
  for (const stream of [true, false]) {
    const { text } = await post(llm, path(stream), body(WRITE, stream, true))
    expect(text).toContain('/w/a.txt')
    expect(text).toContain('hello there')
    expect(stringsUnder('name', text)).toContain('write')
  }
  expect(llm.requests.map((request) => request.answer)).toEqual(['tool', 'tool'])
})

test.each(APIS)('$name answers with a final text after a rejected tool call', async ({ path, afterTool }) => {
  await using llm = await startFakeLlm()
  const { text } = await post(llm, path(false), afterTool)
  expect(text).toContain('tool result seen:')
  expect(text).toContain('rejected by the user')
})

test.each(APIS)('$name answers with the scripted status', async ({ path, body }) => {
  await using llm = await startFakeLlm()
  for (const code of [500, 429]) expect((await post(llm, path(true), body(`@error ${code}`, true))).status).toBe(code)
})

test.each(APIS)('$name streams slowly, and a client that leaves is seen as aborted', async ({ path, body }) => {
  await using llm = await startFakeLlm({ tokensMax: 1000, everyMs: 10 })
  const abort = new AbortController()
  const response = await fetch(llm.url + path(true), {
    method: 'POST',
    body: JSON.stringify(body('@slow', true)),
    signal: abort.signal,
  })
  let text = ''
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString()
    if (text.includes('tok3 ')) break
  }
  abort.abort()
  expect(text).toContain('tok1 ')
  await vi.waitFor(() => expect(llm.requests[0]?.state).toBe('aborted'))
})

test('a slow answer that nobody interrupts ends by itself', async () => {
  await using llm = await startFakeLlm({ tokensMax: 3, everyMs: 1 })
  const { text } = await post(llm, '/v1/chat/completions', {
    stream: true,
    messages: [{ role: 'user', content: '@slow' }],
  })
  expect(text).toContain('tok3 ')
  expect(text).not.toContain('tok4')
  expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
})

test('@use calls the tool that is offered under a longer name, and tells its result', async () => {
  await using llm = await startFakeLlm()
  const tools = ['sword', 'mcp__probe__word'].map((name) => ({ function: { name, parameters: {} } }))
  const ask = { role: 'user', content: '@use word {"a":1}' }
  const { choices } = JSON.parse((await post(llm, '/v1/chat/completions', { messages: [ask], tools })).text)
  expect(choices[0].message.tool_calls[0].function).toEqual({ name: 'mcp__probe__word', arguments: '{"a":1}' })
  const after = { messages: [ask, { role: 'assistant', content: null }, { role: 'tool', content: 'plum' }], tools }
  expect((await post(llm, '/v1/chat/completions', after)).text).toContain('tool result seen: plum')
  expect((await post(llm, '/v1/chat/completions', { messages: [ask] })).text).toContain('no tool word was offered')
})

test('a tool that is not offered is searched for once, and called in its namespace', async () => {
  await using llm = await startFakeLlm()
  const ask = { role: 'user', content: '@use word {}' }
  const tools = [{ type: 'tool_search', execution: 'client' }]
  const first = JSON.parse((await post(llm, '/v1/responses', { input: [ask], tools })).text)
  expect(first.output[0]).toMatchObject({ type: 'tool_search_call', arguments: { query: 'word' } })
  const space = { type: 'namespace', name: 'mcp__probe', tools: [{ type: 'function', name: 'word' }] }
  const found = (...all: object[]) => ({ input: [ask, { type: 'tool_search_output', tools: all }], tools })
  const second = JSON.parse((await post(llm, '/v1/responses', found(space))).text)
  expect(second.output[0]).toMatchObject({ type: 'function_call', name: 'word', namespace: 'mcp__probe' })
  expect((await post(llm, '/v1/responses', found())).text).toContain('no tool word was offered')
  const atOnce = JSON.parse((await post(llm, '/v1/responses', { input: [ask], tools: [space] })).text)
  expect(atOnce.output[0]).toMatchObject({ type: 'function_call', name: 'word', namespace: 'mcp__probe' })
})

test('a free-form patch tool is called with a patch text', async () => {
  await using llm = await startFakeLlm()
  const body = { stream: false, input: WRITE, tools: [{ type: 'custom', name: 'apply_patch', format: {} }] }
  const { output } = JSON.parse((await post(llm, '/v1/responses', body)).text)
  expect(output[0]).toMatchObject({ type: 'custom_tool_call', name: 'apply_patch' })
  expect(output[0].input).toContain('*** Add File: /w/a.txt\n+hello there')
})

test('a shell tool is used when nothing better is offered, with its required fields filled', async () => {
  await using llm = await startFakeLlm()
  const parameters = {
    properties: { command: { type: 'string' }, description: { type: 'string' } },
    required: ['command', 'description'],
  }
  const body = {
    messages: [{ role: 'user', content: "@tool write /w/a.txt it's" }],
    tools: [{ function: { name: 'bash', parameters } }],
  }
  const { choices } = JSON.parse((await post(llm, '/v1/chat/completions', body)).text)
  const call = JSON.parse(choices[0].message.tool_calls[0].function.arguments)
  expect(call).toEqual({ command: `printf '%s\\n' 'it'\\''s' > '/w/a.txt'`, description: 'write a file' })
})

test('without a tool to write with, the answer says so', async () => {
  await using llm = await startFakeLlm()
  const { text } = await post(llm, '/v1/chat/completions', { messages: [{ role: 'user', content: WRITE }] })
  expect(text).toContain('no tool to write with was offered')
})

test('a request for a title is not taken for the turn', async () => {
  await using llm = await startFakeLlm()
  const messages = [
    { role: 'system', content: 'You are a title generator.' },
    { role: 'user', content: '@error 500' },
  ]
  expect(await post(llm, '/v1/chat/completions', { messages })).toMatchObject({ status: 200 })
})

test('@recall answers with the first user text of the conversation', async () => {
  await using llm = await startFakeLlm()
  const messages = [
    { role: 'user', content: 'the word is plum' },
    { role: 'assistant', content: 'ok' },
    { role: 'user', content: '@recall' },
  ]
  expect((await post(llm, '/v1/chat/completions', { messages })).text).toContain('first user text: the word is plum')
})

test('model lists, token counts, unknown paths and bad bodies have honest answers', async () => {
  await using llm = await startFakeLlm()
  expect(await (await fetch(`${llm.url}/v1/models`)).text()).toContain('"fake-model"')
  expect(await (await fetch(`${llm.url}/v1beta/models`)).text()).toContain('"models/fake-model"')
  expect((await post(llm, '/v1/messages/count_tokens', {})).text).toBe('{"input_tokens":10}')
  expect((await post(llm, '/v1/unknown', {})).status).toBe(404)
  expect((await post(llm, '/v1/responses', [])).status).toBe(400)
  expect(llm.requests).toEqual([])
})
