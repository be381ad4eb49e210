// Real ACP agents, set up to talk to a model server on loopback: no credentials, no other host.
// Owns their commands, environments and config files. Install them first with `installRealAgents`.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { agentPath, missingFile, packageFile } from './paths.ts'

/** What an agent definition needs: `argv` without a shell, `env` to be added to PATH and nothing else. */
export interface RealAgentCommand {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
}

export interface RealAgent {
  readonly id: 'pi' | 'opencode' | 'codex'
  readonly title: string
  /** Asks for permission before it writes a file. */
  readonly asksPermission: boolean
  /** How a session goes on in a new process. */
  readonly continues: 'load' | 'load-and-resume'
  /** `home` must not lie under the temporary directory. */
  readonly homeOutsideTmp: boolean
  /** Why it cannot run on this machine; undefined when it can. Call after the install. */
  unavailable(): string | undefined
  /** Writes the config files into the empty directory `home` and says how to start the agent. */
  prepare(home: string, llmUrl: string): Promise<RealAgentCommand>
}

const PI_ACP = packageFile('pi-acp', 'dist', 'index.js')
const PI = packageFile('.bin', 'pi')
const OPENCODE = packageFile('opencode-linux-x64-baseline', 'bin', 'opencode')
const CODEX_ACP = packageFile('@agentclientprotocol', 'codex-acp', 'dist', 'index.js')

const pi: RealAgent = {
  id: 'pi',
  title: 'pi through pi-acp',
  asksPermission: false,
  continues: 'load',
  homeOutsideTmp: false,
  unavailable: () => missingFile(PI_ACP) ?? missingFile(PI),
  async prepare(home, llmUrl) {
    const models = [{ id: 'fake-model' }, { id: 'fake-model-2' }]
    const provider = { baseUrl: `${llmUrl}/v1`, api: 'openai-completions', apiKey: 'fake', models }
    await writeJson(join(home, '.pi/agent/models.json'), { providers: { fake: provider } })
    const settings = { defaultProvider: 'fake', defaultModel: 'fake-model', quietStartup: true }
    await writeJson(join(home, '.pi/agent/settings.json'), settings)
    const env = { ...base(home), PI_OFFLINE: '1', PI_SKIP_VERSION_CHECK: '1', PI_ACP_PI_COMMAND: PI }
    return { argv: [process.execPath, PI_ACP], env }
  },
}

const opencode: RealAgent = {
  id: 'opencode',
  title: 'OpenCode',
  asksPermission: true,
  continues: 'load-and-resume',
  homeOutsideTmp: false,
  unavailable: () => missingFile(OPENCODE),
  async prepare(home, llmUrl) {
    await writeJson(join(home, '.config/opencode/opencode.json'), opencodeConfig(llmUrl))
    const env = { ...base(home), OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' }
    return { argv: [OPENCODE, 'acp'], env }
  },
}

const codex: RealAgent = {
  id: 'codex',
  title: 'Codex through codex-acp',
  asksPermission: true,
  continues: 'load-and-resume',
  homeOutsideTmp: true,
  unavailable: () => missingFile(CODEX_ACP),
  async prepare(home, llmUrl) {
    if (home.startsWith(`${tmpdir()}/`))
      throw new Error('the sandbox of codex does not start with a home under the temporary directory')
    const codexHome = join(home, '.codex')
    await writeText(join(codexHome, 'config.toml'), codexConfig(llmUrl))
    const env = { CODEX_HOME: codexHome, FAKE_LLM_KEY: 'fake', NO_BROWSER: '1', INITIAL_AGENT_MODE: 'read-only' }
    return { argv: [process.execPath, CODEX_ACP], env: { ...base(home), ...env } }
  },
}

export const REAL_AGENTS: readonly RealAgent[] = [pi, opencode, codex]

export interface AgentHome extends AsyncDisposable {
  readonly path: string
}

/** An empty home directory where this agent can live; removed when disposed. */
export async function createHome(agent: RealAgent): Promise<AgentHome> {
  const parent = join(agent.homeOutsideTmp ? '/var/tmp' : tmpdir(), 'holdfast-home-')
  const path = await mkdtemp(parent)
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  return { path, [Symbol.asyncDispose]: remove }
}

function base(home: string): Record<string, string> {
  return { HOME: home, PATH: agentPath() }
}

function opencodeConfig(llmUrl: string): object {
  const models = { 'fake-model': { name: 'fake-model' }, 'fake-model-2': { name: 'fake-model-2' } }
  const options = { baseURL: `${llmUrl}/v1`, apiKey: 'fake' }
  return {
    provider: { fake: { npm: '@ai-sdk/openai-compatible', name: 'fake', options, models } },
    enabled_providers: ['fake'],
    model: 'fake/fake-model',
    small_model: 'fake/fake-model',
    permission: { edit: 'ask', bash: 'ask' },
    share: 'disabled',
    autoupdate: false,
  }
}

function codexConfig(llmUrl: string): string {
  return `model = "gpt-5.5"
model_provider = "fake"
approval_policy = "on-request"
approvals_reviewer = "user"
sandbox_mode = "read-only"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.fake]
name = "fake"
base_url = "${llmUrl}/v1"
wire_api = "responses"
env_key = "FAKE_LLM_KEY"
`
}

async function writeJson(file: string, value: object): Promise<void> {
  await writeText(file, `${JSON.stringify(value, null, 1)}\n`)
}

async function writeText(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
