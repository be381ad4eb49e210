// Every agent of the matrix, at an exact version. The three of the daily tests come from their own lock file.

import { REAL_AGENTS } from '../agents.ts'
import type { RealAgent } from '../agents.ts'
import { installRealAgents } from '../install.ts'
import { MODULES_DIR } from '../paths.ts'
import type { MatrixAgent } from './matrix-agent.ts'
import { npmAgent } from './npm-agent.ts'

const DAILY_PACKAGES: Readonly<Record<RealAgent['id'], readonly string[]>> = {
  pi: ['pi-acp@0.0.34', '@earendil-works/pi-coding-agent@0.87.1'],
  opencode: ['opencode-linux-x64-baseline@1.18.33'],
  codex: ['@agentclientprotocol/codex-acp@2.6.0'],
}

function daily(agent: RealAgent): MatrixAgent {
  return {
    id: agent.id,
    title: agent.title,
    packages: DAILY_PACKAGES[agent.id],
    homeOutsideTmp: agent.homeOutsideTmp,
    install: async () => {
      await installRealAgents()
      const missing = agent.unavailable()
      if (missing !== undefined) throw new Error(missing)
      return MODULES_DIR
    },
    prepare: ({ home, llm }) => agent.prepare(home, llm),
  }
}

const anthropicEnv = ({ llm }: { llm: string }): Record<string, string> => ({
  ANTHROPIC_BASE_URL: llm,
  ANTHROPIC_API_KEY: 'fake',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  // Otherwise its model searches for the tools of MCP servers before it sees them.
  ENABLE_TOOL_SEARCH: 'false',
})

const openCodeConfig = (llm: string): object => {
  const models = { 'fake-model': { name: 'fake-model' }, 'fake-model-2': { name: 'fake-model-2' } }
  const options = { baseURL: `${llm}/v1`, apiKey: 'fake' }
  return {
    provider: { fake: { npm: '@ai-sdk/openai-compatible', name: 'fake', options, models } },
    enabled_providers: ['fake'],
    model: 'fake/fake-model',
    small_model: 'fake/fake-model',
    permission: { edit: 'ask', bash: 'ask' },
    autoupdate: false,
  }
}

const claude = npmAgent({
  id: 'claude',
  title: 'Claude Code through claude-agent-acp',
  packages: ['@agentclientprotocol/claude-agent-acp@0.100.0'],
  command: ['claude-agent-acp'],
  env: anthropicEnv,
})

const claudeZed = npmAgent({
  id: 'claude-zed',
  title: 'Claude Code through claude-code-acp (superseded)',
  packages: ['@zed-industries/claude-code-acp@0.16.2'],
  command: ['claude-code-acp'],
  env: anthropicEnv,
})

const codexZed = npmAgent({
  id: 'codex-zed',
  title: 'Codex through codex-acp of Zed (superseded)',
  packages: ['@zed-industries/codex-acp@0.16.0'],
  homeOutsideTmp: true,
  command: ['codex-acp'],
  env: ({ home }) => ({ CODEX_HOME: `${home}/.codex`, FAKE_LLM_KEY: 'fake', OPENAI_API_KEY: 'fake', NO_BROWSER: '1' }),
  files: ({ llm }) => ({
    '.codex/config.toml': `model = "gpt-5.5"
model_provider = "fake"
approval_policy = "on-request"
sandbox_mode = "read-only"
[model_providers.fake]
name = "fake"
base_url = "${llm}/v1"
wire_api = "responses"
env_key = "FAKE_LLM_KEY"
`,
  }),
})

const gemini = npmAgent({
  id: 'gemini',
  title: 'Gemini CLI',
  packages: ['@google/gemini-cli@0.61.0'],
  loadsNextMinute: true,
  note: 'A session that is loaded in the minute in which it began is destroyed: through the gateway a minute was waited for, the report loads at once. With files of the gateway it cannot create one: it does not know the error of a missing file.',
  command: ['gemini', '--acp'],
  // Without a model a small one decides which is asked, and has to answer in JSON.
  env: ({ llm }) => ({ GEMINI_API_KEY: 'fake', GOOGLE_GEMINI_BASE_URL: llm, GEMINI_MODEL: 'gemini-2.5-flash' }),
  files: () => ({
    '.gemini/settings.json': {
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false, sessionRetention: { enabled: false } },
    },
  }),
})

const kilo = npmAgent({
  id: 'kilo',
  title: 'Kilo CLI (a fork of OpenCode)',
  packages: ['@kilocode/cli@7.7.7'],
  command: ['kilo', 'acp'],
  env: () => ({ KILO_DISABLE_AUTOUPDATE: '1', KILO_DISABLE_MODELS_FETCH: '1' }),
  files: ({ llm }) => ({ '.config/kilo/kilo.json': openCodeConfig(llm) }),
})

const qwen = npmAgent({
  id: 'qwen',
  title: 'Qwen Code',
  packages: ['@qwen-code/qwen-code@0.24.4'],
  command: ['qwen', '--acp'],
  env: ({ llm }) => ({ OPENAI_API_KEY: 'fake', OPENAI_BASE_URL: `${llm}/v1`, OPENAI_MODEL: 'fake-model' }),
  files: () => ({
    '.qwen/settings.json': {
      security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false },
      tools: { approvalMode: 'default' },
    },
  }),
})

const copilot = npmAgent({
  id: 'copilot',
  title: 'GitHub Copilot CLI',
  packages: ['@github/copilot@1.0.102'],
  command: ['copilot', '--acp'],
  env: ({ llm }) => ({
    COPILOT_PROVIDER_BASE_URL: `${llm}/v1`,
    COPILOT_PROVIDER_API_KEY: 'fake',
    COPILOT_MODEL: 'fake-model',
    COPILOT_OFFLINE: 'true',
    COPILOT_AUTO_UPDATE: 'false',
  }),
})

const cline = npmAgent({
  id: 'cline',
  title: 'Cline CLI',
  packages: ['cline@3.0.65'],
  command: ['cline', '--acp'],
  env: () => ({ CLINE_API_KEY: 'fake', CLINE_PROVIDER: 'openai-compatible', CLINE_MODEL: 'fake-model' }),
  files: ({ llm }) => {
    const settings = { provider: 'openai-compatible', apiKey: 'fake', model: 'fake-model', baseUrl: `${llm}/v1` }
    return {
      '.cline/data/settings/providers.json': {
        version: 1,
        lastUsedProvider: 'openai-compatible',
        modes: {},
        providers: { 'openai-compatible': { settings, updatedAt: '2026-01-01T00:00:00.000Z', tokenSource: 'manual' } },
      },
    }
  },
})

const kimi = npmAgent({
  id: 'kimi',
  title: 'Kimi Code',
  packages: ['@moonshot-ai/kimi-code@2.1.0'],
  command: ['kimi', 'acp'],
  env: ({ llm }) => ({
    KIMI_MODEL_NAME: 'fake-model',
    KIMI_MODEL_API_KEY: 'fake',
    KIMI_MODEL_PROVIDER_TYPE: 'openai',
    KIMI_MODEL_BASE_URL: `${llm}/v1`,
    KIMI_CODE_NO_AUTO_UPDATE: '1',
  }),
})

const nanocoder = npmAgent({
  id: 'nanocoder',
  title: 'Nanocoder',
  packages: ['@nanocollective/nanocoder@1.30.0'],
  note: 'It knows no login: without a provider it ends in its start and says so, and the prompt fails with those words.',
  command: ['nanocoder', '--acp'],
  env: ({ llm }) => ({
    NANOCODER_PROVIDERS: JSON.stringify([
      { name: 'fake', baseUrl: `${llm}/v1`, apiKey: 'fake', models: ['fake-model', 'fake-model-2'] },
    ]),
    NANOCODER_TRUST_DIRECTORY: '1',
  }),
})

const droid = npmAgent({
  id: 'droid',
  title: 'Factory Droid',
  packages: ['droid@0.215.0'],
  command: ['droid', 'exec', '--output-format', 'acp'],
  env: () => ({ FACTORY_API_KEY: 'fake', FACTORY_DROID_AUTO_UPDATE_ENABLED: 'false' }),
  files: ({ llm }) => ({
    '.factory/settings.json': {
      model: 'custom:fake-model-0',
      customModels: [
        {
          model: 'fake-model',
          id: 'custom:fake-model-0',
          index: 0,
          baseUrl: `${llm}/v1`,
          apiKey: 'fake',
          displayName: 'fake-model',
          maxOutputTokens: 8000,
          provider: 'generic-chat-completion-api',
        },
      ],
    },
  }),
})

const auggie = npmAgent({
  id: 'auggie',
  title: 'Auggie',
  packages: ['@augmentcode/auggie@0.36.0'],
  needsLogin: true,
  note: 'Needs an account of its own: only its start was tried.',
  command: ['auggie', '--acp'],
  env: () => ({}),
})

const qoder = npmAgent({
  id: 'qoder',
  title: 'Qoder',
  packages: ['@qoder-ai/qodercli@1.1.52'],
  needsLogin: true,
  note: 'Needs an account of its own: only its start was tried.',
  command: ['qodercli', '--acp'],
  env: () => ({}),
})

export const MATRIX_AGENTS: readonly MatrixAgent[] = [
  claude,
  ...REAL_AGENTS.map(daily),
  codexZed,
  gemini,
  kilo,
  qwen,
  copilot,
  cline,
  kimi,
  nanocoder,
  claudeZed,
  droid,
  auggie,
  qoder,
]
