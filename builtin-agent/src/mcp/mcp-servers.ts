// The tool servers that the client gave to a session. They are connected beside the first prompt's arrival, each within its own time;
// one that cannot be reached is told once and left out.

import { firstOf, ignore, whenAborted } from '../../../src/base/deadline.ts'
import type { Children } from '../children.ts'
import type { Tool } from '../tools/tool.ts'
import { connectServer, type McpConnection } from './connect-server.ts'
import type { McpServerSpec } from './server-spec.ts'

export interface OfferedTools {
  readonly tools: readonly Tool[]
  /** Sentences for people, each once. */
  readonly problems: readonly string[]
}

export interface McpServersOptions {
  readonly specs: readonly McpServerSpec[]
  readonly cwd: string
  /** For what is started; without secrets. */
  readonly env: Readonly<Record<string, string>>
  readonly children: Children
}

export class McpServers {
  readonly #options: McpServersOptions
  readonly #abort = new AbortController()
  #connecting: Promise<readonly Connected[]> | undefined
  #isTold = false

  constructor(options: McpServersOptions) {
    this.#options = options
  }

  /** Begins to connect; does not wait. */
  start(): void {
    if (this.#options.specs.length > 0) void this.#connect().catch(ignore('every connection settles by itself'))
  }

  /** Waits for the servers, which have a bound of their own. Rejects with the reason of an abort. */
  async tools(signal: AbortSignal): Promise<OfferedTools> {
    if (this.#options.specs.length === 0) return { tools: [], problems: [] }
    const connected = await firstOf([this.#connect(), whenAborted(signal).then(() => [])])
    signal.throwIfAborted()
    const problems = this.#isTold ? [] : connected.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
    this.#isTold = true
    return { tools: connected.flatMap(({ connection }) => connection?.tools ?? []), problems }
  }

  async close(): Promise<void> {
    this.#abort.abort()
    const connected = await this.#connecting
    await Promise.all((connected ?? []).map(async ({ connection }) => connection?.close()))
  }

  #connect(): Promise<readonly Connected[]> {
    const { specs, ...rest } = this.#options
    const { signal } = this.#abort
    this.#connecting ??= Promise.all(specs.map((spec) => connect(spec, { ...rest, signal })))
    return this.#connecting
  }
}

interface Connected {
  readonly connection: McpConnection | undefined
  readonly problem: string | undefined
}

async function connect(spec: McpServerSpec, options: Parameters<typeof connectServer>[1]): Promise<Connected> {
  try {
    return { connection: await connectServer(spec, options), problem: undefined }
  } catch {
    // What the server said may hold what is secret; that it cannot be used is what a person needs.
    return { connection: undefined, problem: `The tool server ${spec.name} cannot be used: it did not connect.` }
  }
}
