// What the agent is told at its start, by its environment alone: where conversations are, keys, servers, defaults.
// Never reads the environment by itself; main.ts hands it over.

import { homedir } from 'node:os'
import { join } from 'node:path'

import { MODE_IDS, type ModeId } from './session/modes.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type ProviderName = 'anthropic' | 'openai' | 'google'

export interface ProviderAccess {
  readonly apiKey: string
  /** Instead of the provider's own address. */
  readonly baseUrl: string | undefined
}

/** A server that speaks OpenAI's chat completions, such as Ollama, llama.cpp, vLLM or LM Studio. */
export interface LocalServer {
  readonly baseUrl: string
  /** Local servers want none; some want any word. */
  readonly apiKey: string
  /** Asked for with GET /models when none is named. */
  readonly models: readonly string[]
  /** In tokens. */
  readonly contextWindow: number
}

export interface AgentSettings {
  readonly stateDir: string
  readonly providers: Readonly<Partial<Record<ProviderName, ProviderAccess>>>
  readonly local: LocalServer | undefined
  /** `provider/model`, or the part after the slash. */
  readonly model: string | undefined
  readonly mode: ModeId
  readonly thinking: string | undefined
  /** Pause between two words of the offline model, in milliseconds. */
  readonly wordMs: number
  /** For each request of a compaction to the model, in milliseconds. */
  readonly compactionMs: number
  /** Of a model that answers, without a sign of it, in milliseconds. */
  readonly silenceMs: number
  /** For what the agent starts: its own environment without the keys. */
  readonly childEnv: Readonly<Record<string, string>>
  /** Names of variables that commands must not see, also where somebody else starts them. */
  readonly hidden: readonly string[]
}

/** Where a key is looked for, in this order. */
export const KEY_VARIABLES: Readonly<Record<ProviderName, readonly string[]>> = {
  anthropic: ['ANTHROPIC_API_KEY'],
  openai: ['OPENAI_API_KEY'],
  google: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
}

const SECRETS: readonly string[] = Object.values(KEY_VARIABLES).flat()

const BASE_URL_VARIABLES: Readonly<Record<ProviderName, string>> = {
  anthropic: 'ANTHROPIC_BASE_URL',
  openai: 'OPENAI_BASE_URL',
  google: 'GOOGLE_GEMINI_BASE_URL',
}

const CONTEXT_WINDOW = 128_000
const CONTEXT_WINDOW_MIN = 4_096
const COMPACTION_SECONDS = 120
/** Less than the gateway gives a turn (`deadlines.silenceMs`), so that it ends with our words. */
const SILENCE_SECONDS = 540
const WORD_MS = 20
const WORD_MS_MAX = 1_000
const OWN_PREFIX = 'HOLDFAST_AGENT_'

export function readSettings(env: Environment, home: string = homedir()): AgentSettings {
  const mode = env['HOLDFAST_AGENT_MODE']
  return {
    stateDir: textOf(env, 'HOLDFAST_AGENT_STATE') ?? defaultStateDir(env, home),
    providers: readProviders(env),
    local: readLocal(env),
    model: textOf(env, 'HOLDFAST_AGENT_MODEL')?.split(',')[0]?.trim(),
    mode: MODE_IDS.find((id) => id === mode) ?? 'ask',
    thinking: textOf(env, 'HOLDFAST_AGENT_THINKING'),
    wordMs: countOf(env, 'HOLDFAST_AGENT_WORD_MS', { min: 0, max: WORD_MS_MAX }) ?? WORD_MS,
    compactionMs:
      1_000 * (countOf(env, 'HOLDFAST_AGENT_COMPACTION_SECONDS', { min: 1, max: 3_600 }) ?? COMPACTION_SECONDS),
    silenceMs: 1_000 * (countOf(env, 'HOLDFAST_AGENT_SILENCE_SECONDS', { min: 1, max: 86_400 }) ?? SILENCE_SECONDS),
    childEnv: withoutSecrets(env),
    hidden: [...SECRETS, ...Object.keys(env).filter(isOwn)],
  }
}

function defaultStateDir(env: Environment, home: string): string {
  return join(textOf(env, 'XDG_STATE_HOME') ?? join(home, '.local', 'state'), 'holdfast', 'agent')
}

function readProviders(env: Environment): AgentSettings['providers'] {
  const found: Partial<Record<ProviderName, ProviderAccess>> = {}
  for (const name of Object.keys(KEY_VARIABLES) as ProviderName[]) {
    const apiKey = KEY_VARIABLES[name].map((variable) => textOf(env, variable)).find((key) => key !== undefined)
    if (apiKey !== undefined) found[name] = { apiKey, baseUrl: textOf(env, BASE_URL_VARIABLES[name]) }
  }
  return found
}

/** Keys of the providers never go to a server that is named here: it has a variable of its own. */
function readLocal(env: Environment): LocalServer | undefined {
  const baseUrl = textOf(env, 'HOLDFAST_AGENT_BASE_URL')
  if (baseUrl === undefined) return undefined
  const named = (textOf(env, 'HOLDFAST_AGENT_MODEL') ?? '')
    .split(',')
    .map((name) => name.trim().replace(/^local\//, ''))
  const bounds = { min: CONTEXT_WINDOW_MIN, max: Number.MAX_SAFE_INTEGER }
  return {
    baseUrl: baseUrl.replace(/\/+$/, ''),
    apiKey: textOf(env, 'HOLDFAST_AGENT_API_KEY') ?? 'none',
    models: named.filter((name) => name !== '' && !/^(anthropic|openai|google)\//.test(name)),
    contextWindow: countOf(env, 'HOLDFAST_AGENT_CONTEXT_WINDOW', bounds) ?? CONTEXT_WINDOW,
  }
}

/** What a model makes the agent run must not be able to read the keys. */
function withoutSecrets(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !SECRETS.includes(entry[0]) && !isOwn(entry[0]),
  )
  return Object.fromEntries(kept)
}

function isOwn(name: string): boolean {
  return name.startsWith(OWN_PREFIX)
}

function textOf(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

function countOf(env: Environment, name: string, { min, max }: { min: number; max: number }): number | undefined {
  const text = textOf(env, name)
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  return Math.min(Math.max(Number(text), min), max)
}
