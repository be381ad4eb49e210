// The built-in agent as a child process with directories of its own, driven by the plain client. Every update and permission request
// that it sends must be valid by the published schema (F-51); disposing checks that.

import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isRequestPermissionRequest, isSessionNotification } from '../../src/acp/validators.gen.js'
import { BareClient, type Frame } from '../agents/bare-client.ts'
import { AGENT_MAIN } from './launcher.ts'

export class AgentHome implements AsyncDisposable {
  readonly cwd: string
  readonly state: string
  readonly #root: string

  private constructor(root: string) {
    this.#root = root
    this.cwd = join(root, 'work')
    this.state = join(root, 'state')
  }

  static async open(): Promise<AgentHome> {
    const home = new AgentHome(await realpath(await mkdtemp(join(tmpdir(), 'hf-agent-'))))
    await mkdir(home.cwd)
    return home
  }

  get env(): Record<string, string> {
    return {
      HOLDFAST_AGENT_STATE: this.state,
      HOLDFAST_AGENT_WORD_MS: '0',
      XDG_CACHE_HOME: join(tmpdir(), 'hf-compiled'),
    }
  }

  /** A life of the agent on this home. */
  start(env: Readonly<Record<string, string>> = {}): BuiltInAgent {
    return new BuiltInAgent([process.execPath, AGENT_MAIN], { cwd: this.cwd, env: { ...this.env, ...env } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true })
  }
}

export class BuiltInAgent extends BareClient {
  /** What it sent that the schema does not allow. */
  violations(): unknown[] {
    const isWrong = ({ method, params }: Frame): boolean =>
      (method === 'session/update' && !isSessionNotification(params)) ||
      (method === 'session/request_permission' && !isRequestPermissionRequest(params))
    return this.frames.filter((frame) => 'junk' in frame || isWrong(frame))
  }

  /** The last state of each tool call, in the order in which they were announced. */
  calls(): Frame[] {
    const calls = new Map<string, Frame>()
    for (const update of this.updates()) {
      const { toolCallId, sessionUpdate } = update
      if (sessionUpdate !== 'tool_call' && sessionUpdate !== 'tool_call_update') continue
      calls.set(toolCallId as string, { ...calls.get(toolCallId as string), ...update })
    }
    return [...calls.values()]
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    const wrong = this.violations()
    await super[Symbol.asyncDispose]()
    if (wrong.length > 0) throw new Error(`not allowed by the schema: ${JSON.stringify(wrong).slice(0, 1_000)}`)
  }
}
