// One connection to a tool server, by the official client, which is loaded when there is a server. Owns its process or its requests.

import type { Client } from '@modelcontextprotocol/sdk/client/index.js'

import { deadline } from '../../../src/base/deadline.ts'
import type { Json, JsonObject } from '../../../src/base/json.ts'
import type { Children } from '../children.ts'
import { cutText } from '../tools/cut-text.ts'
import { imageTypeOfBase64 } from '../tools/image-type.ts'
import { NAME_CHARS_MAX } from '../tools/tool-box.ts'
import { textContent, type Tool, ToolFailure, type ToolOutcome } from '../tools/tool.ts'
import type { McpServerSpec } from './server-spec.ts'

type Transport = Parameters<Client['connect']>[0]
type ListedTool = Awaited<ReturnType<Client['listTools']>>['tools'][number]

export interface McpConnection {
  readonly tools: readonly Tool[]
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly children: Children
  readonly signal: AbortSignal
}

const CONNECT_MS = 15_000
const CALL_MS = 10 * 60_000
const CLOSE_MS = 5_000
const TOOLS_MAX = 200
const PAGES_MAX = 20

/** Rejects with the client's error, DEADLINE or CANCELLED; then nothing of the server is left. */
export async function connectServer(spec: McpServerSpec, options: ConnectOptions): Promise<McpConnection> {
  const sdk = await import('@modelcontextprotocol/sdk/client/index.js')
  const client = new sdk.Client({ name: 'holdfast-agent', version: '0.1.0' })
  const close = (): Promise<void> => deadline(client.close(), { ms: CLOSE_MS, stage: 'close' })
  try {
    const limits = { ms: CONNECT_MS, stage: 'connect', signal: options.signal }
    const tools = await deadline(open(client, await transportOf(spec, options), options.children), limits)
    return { tools: tools.map((tool) => toolOf(client, spec.name, tool)), close }
  } catch (error) {
    await close().catch(() => {}) // it may never have been open
    throw error
  }
}

async function open(client: Client, transport: Transport, children: Children): Promise<ListedTool[]> {
  const connecting = client.connect(transport)
  const tracked = children.track(killOf(transport))
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it has no other way
  client.onclose = () => tracked[Symbol.dispose]()
  await connecting
  const tools: ListedTool[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const listed = await client.listTools(cursor === undefined ? {} : { cursor })
    tools.push(...listed.tools)
    cursor = listed.nextCursor
    if (cursor === undefined || tools.length >= TOOLS_MAX) break
  }
  return tools.slice(0, TOOLS_MAX)
}

/** The client waits for a server that does not end when its input does; there may be less time than that. */
function killOf(transport: Transport): () => void {
  const { pid } = transport as { pid?: number | null }
  return () => {
    if (typeof pid === 'number' && pid > 1) killQuietly(pid)
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function transportOf(spec: McpServerSpec, { cwd, env }: ConnectOptions): Promise<Transport> {
  if (spec.kind === 'stdio') {
    const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js')
    const { command, args } = spec
    return new StdioClientTransport({ command, args: [...args], env: { ...env, ...spec.env }, cwd, stderr: 'ignore' })
  }
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js')
  return new StreamableHTTPClientTransport(new URL(spec.url), { requestInit: { headers: { ...spec.headers } } })
}

/** `server__tool`: two servers may have a tool of the same name. */
function toolOf(client: Client, server: string, listed: ListedTool): Tool {
  const name = `${server}__${listed.name}`.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, NAME_CHARS_MAX)
  const isReadOnly = listed.annotations?.readOnlyHint === true
  const title = listed.title ?? listed.annotations?.title ?? listed.name
  return {
    name,
    description: `${listed.description ?? title} (tool server ${server})`,
    parameters: listed.inputSchema as JsonObject,
    kind: isReadOnly ? 'fetch' : 'other',
    offeredIn: isReadOnly ? 'always' : 'unlessPlanning',
    title: () => `${server}: ${title}`,
    // What a server says of its own tools is a hint, not a promise: it is asked for all the same.
    prepare: async (args) => ({
      effect: { key: `server:${server}/${listed.name}`, scope: `${title} of ${server}` },
      run: (_progress, signal) => call(client, listed.name, args, signal),
    }),
  }
}

async function call(client: Client, name: string, args: JsonObject, signal: AbortSignal): Promise<ToolOutcome> {
  const options = { signal, timeout: CALL_MS, resetTimeoutOnProgress: true }
  const result = await client.callTool({ name, arguments: args }, undefined, options).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new ToolFailure(`The tool server failed: ${error instanceof Error ? error.message : 'no reason given'}`)
  })
  const blocks = Array.isArray(result.content) ? (result.content as JsonObject[]) : []
  const text =
    cutText(
      blocks
        .map(blockText)
        .filter((part) => part !== '')
        .join('\n'),
    ) || '(no text)'
  const images = blocks.flatMap(({ type, data }) => {
    const mimeType = type === 'image' && typeof data === 'string' ? imageTypeOfBase64(data) : undefined
    return mimeType === undefined ? [] : [{ data: data as string, mimeType }]
  })
  const rawOutput = result.structuredContent as Json | undefined
  const shown = { text, images, content: [textContent(text)], isFailure: result.isError === true }
  return rawOutput === undefined ? shown : { ...shown, rawOutput }
}

function blockText({ type, text, resource, uri }: JsonObject): string {
  if (type === 'text' && typeof text === 'string') return text
  if (type === 'resource_link' && typeof uri === 'string') return `<${uri}>`
  const inner = type === 'resource' ? (resource as JsonObject | undefined) : undefined
  return typeof inner?.['text'] === 'string' ? inner['text'] : ''
}
