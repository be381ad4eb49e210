// Models of a server that speaks OpenAI's chat completions. Which ones it has is asked once, for at most a second.

import type { Model } from '@earendil-works/pi-ai'

import { isJsonObject } from '../../../src/base/json.ts'
import type { LocalServer } from '../settings.ts'
import type { ModelChoice } from './model-choice.ts'

const LIST_MS = 1_000
const LISTED_MAX = 100
const OUTPUT_TOKENS_MAX = 16_384
/** What a server that says nothing is asked for; most ignore the name when they have one model only. */
const UNNAMED = 'default'

export async function localChoices(server: LocalServer): Promise<readonly ModelChoice[]> {
  const names = server.models.length > 0 ? server.models : await listModels(server)
  return (names.length > 0 ? names : [UNNAMED]).map((name) => choiceOf(server, name))
}

/** Empty when the server does not say: a session must open without it. */
async function listModels({ baseUrl, apiKey }: LocalServer): Promise<readonly string[]> {
  try {
    const headers = { authorization: `Bearer ${apiKey}` }
    const response = await fetch(`${baseUrl}/models`, { headers, signal: AbortSignal.timeout(LIST_MS) })
    const body: unknown = await response.json()
    const data = isJsonObject(body) && Array.isArray(body['data']) ? body['data'] : []
    const ids = data.map((item) => (isJsonObject(item) ? item['id'] : undefined))
    return ids.filter((id): id is string => typeof id === 'string' && id !== '').slice(0, LISTED_MAX)
  } catch {
    return [] // not there yet, or no list: a prompt will say what is wrong
  }
}

function choiceOf({ baseUrl, apiKey, contextWindow }: LocalServer, name: string): ModelChoice {
  const model: Model<'openai-completions'> = {
    id: name,
    name,
    api: 'openai-completions',
    provider: 'local',
    baseUrl,
    reasoning: false,
    input: ['text', 'image'],
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    contextWindow,
    maxTokens: Math.min(OUTPUT_TOKENS_MAX, Math.floor(contextWindow / 4)),
    compat: { supportsStore: false, supportsDeveloperRole: false, supportsReasoningEffort: false },
  }
  return {
    id: `local/${name}`,
    name,
    description: `At ${baseUrl}`,
    model,
    stream: async (wanted, context, options) => {
      const { streamSimple } = await import('@earendil-works/pi-ai/api/openai-completions')
      return streamSimple(wanted as Model<'openai-completions'>, context, options)
    },
    apiKey,
    takesFetch: true,
  }
}
