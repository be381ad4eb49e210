// Runs commands in terminals of the client, where it has offered them: a person sees them live. Each terminal is released here.

import { deadline } from '../../../src/base/deadline.ts'
import { CancelledError, HoldfastError } from '../../../src/base/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'
import { RpcError } from '../../../src/acp/rpc.ts'
import { OUTPUT_BYTES_MAX, type Shell, type ShellResult } from '../tools/shell/shell.ts'
import { ToolFailure } from '../tools/tool.ts'
import type { Client } from './client.ts'

const CALL_MS = 30_000

/** `hidden`: variables that the client may have for us, and that no command is to see; there they are empty. */
export function clientShell(client: Client, sessionId: string, hidden: readonly string[]): Shell {
  const env = hidden.map((name) => ({ name, value: '' }))
  return {
    async run({ command, cwd, timeoutMs }, progress, signal) {
      signal.throwIfAborted()
      const params = { sessionId, command: '/bin/sh', args: ['-c', command], env, cwd }
      const created = await call(client, 'terminal/create', { ...params, outputByteLimit: OUTPUT_BYTES_MAX })
      const terminalId = isJsonObject(created) ? created['terminalId'] : undefined
      if (typeof terminalId !== 'string') throw new ToolFailure('The client gave no terminal.')
      const terminal = new Terminal(client, { sessionId, terminalId })
      try {
        progress([{ type: 'terminal', terminalId }])
        return await terminal.finish(timeoutMs, signal)
      } finally {
        await terminal.release()
      }
    },
  }
}

class Terminal {
  readonly #client: Client
  readonly #params: JsonObject

  constructor(client: Client, params: { sessionId: string; terminalId: string }) {
    this.#client = client
    this.#params = params
  }

  /** Waits for the exit, kills at the time limit. Rejects with CANCELLED after an abort; the release kills then. */
  async finish(timeoutMs: number, signal: AbortSignal): Promise<ShellResult> {
    const stage = 'terminal/wait_for_exit'
    // The command has its own limit; the wait for the answer has room beyond it.
    const exit = this.#client.call(stage, this.#params, { ms: timeoutMs + CALL_MS, stage, signal })
    let timedOut = false
    const first = await deadline(exit, { ms: timeoutMs, stage, signal }).catch((error: unknown) => {
      if (signal.aborted) throw new CancelledError('command')
      if (!(error instanceof HoldfastError) || error.code !== 'DEADLINE') throw failureOf(error)
      timedOut = true
      return null
    })
    if (timedOut) await call(this.#client, 'terminal/kill', this.#params)
    const seen = objectOf(await call(this.#client, 'terminal/output', this.#params))
    const { exitCode, signal: by } = objectOf(timedOut ? (seen['exitStatus'] ?? null) : first)
    return {
      output: typeof seen['output'] === 'string' ? seen['output'] : '',
      isCut: seen['truncated'] === true,
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      signal: typeof by === 'string' ? by : null,
      timedOut,
    }
  }

  async release(): Promise<void> {
    await call(this.#client, 'terminal/release', this.#params).catch((error: unknown) => {
      if (!(error instanceof ToolFailure)) throw error // the client keeps what it does not release
    })
  }
}

async function call(client: Client, stage: string, params: JsonObject): Promise<Json> {
  try {
    return await client.call(stage, params, { ms: CALL_MS, stage })
  } catch (error) {
    throw failureOf(error)
  }
}

function failureOf(error: unknown): unknown {
  if (error instanceof RpcError) return new ToolFailure(`The terminal of the client failed: ${error.message}`)
  return error
}

function objectOf(value: Json): JsonObject {
  return isJsonObject(value) ? value : {}
}
