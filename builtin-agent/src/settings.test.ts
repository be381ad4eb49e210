// What the agent reads from its environment.

import { expect, test } from 'vitest'

import { readSettings } from './settings.ts'

const HOME = '/home/me'

test('nothing set: no provider, no server, asks, keeps its conversations in the state directory of the user', () => {
  expect(readSettings({}, HOME)).toMatchObject({
    stateDir: '/home/me/.local/state/holdfast/agent',
    providers: {},
    local: undefined,
    mode: 'ask',
  })
})

test('each provider with a key is there, Google by either of its variables; an empty key is none', () => {
  const env = { ANTHROPIC_API_KEY: ' a ', OPENAI_API_KEY: '', GOOGLE_API_KEY: 'g', ANTHROPIC_BASE_URL: 'http://x' }
  expect(readSettings(env, HOME).providers).toEqual({
    anthropic: { apiKey: 'a', baseUrl: 'http://x' },
    google: { apiKey: 'g', baseUrl: undefined },
  })
})

test("a local server gets its own key, never a provider's", () => {
  const env = { HOLDFAST_AGENT_BASE_URL: 'http://localhost:11434/v1/', OPENAI_API_KEY: 'secret' }
  expect(readSettings(env, HOME).local).toMatchObject({
    baseUrl: 'http://localhost:11434/v1',
    apiKey: 'none',
    models: [],
  })
  const named = { ...env, HOLDFAST_AGENT_API_KEY: 'k', HOLDFAST_AGENT_MODEL: 'qwen3, local/b, openai/gpt-5.5' }
  expect(readSettings(named, HOME).local).toMatchObject({ apiKey: 'k', models: ['qwen3', 'b'] })
})

test('what commands get has no key and nothing of ours in it', () => {
  const env = {
    PATH: '/bin',
    ANTHROPIC_API_KEY: 'a',
    GEMINI_API_KEY: 'g',
    HOLDFAST_AGENT_API_KEY: 'k',
    NODE_ENV: 'test',
  }
  expect(readSettings(env, HOME).childEnv).toEqual({ PATH: '/bin', NODE_ENV: 'test' })
})

test('numbers stay within their bounds, and words that are none are left out', () => {
  const env = {
    HOLDFAST_AGENT_WORD_MS: '99999',
    HOLDFAST_AGENT_COMPACTION_SECONDS: 'soon',
    HOLDFAST_AGENT_MODE: 'wild',
  }
  expect(readSettings(env, HOME)).toMatchObject({ wordMs: 1_000, compactionMs: 120_000, mode: 'ask' })
})
