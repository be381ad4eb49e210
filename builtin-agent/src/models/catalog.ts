// The models that this process can use: of each provider that has a key, of the local server, and the offline model when there is
// nothing else. Found once, at the first session. Code of providers is loaded only for those that have a key.

import type { AgentSettings, ProviderAccess, ProviderName } from '../settings.ts'
import { offlineChoice } from '../offline/offline-model.ts'
import { localChoices } from './local-server.ts'
import type { ModelChoice } from './model-choice.ts'
import { providerChoices } from './providers.ts'
import { watched } from './watched-stream.ts'

export interface Catalog {
  /** Never empty. Never rejects: what cannot be found is left out. */
  list(): Promise<readonly ModelChoice[]>
  /** The one that a new session gets. */
  standard(): Promise<ModelChoice>
}

/** Which model of a provider a new session gets: the first of these that it has. */
const STANDARD = [
  /^local\//,
  /^anthropic\/claude-sonnet-5$/,
  /^anthropic\/claude-sonnet/,
  /^openai\/gpt-5\.5$/,
  /^openai\/gpt-/,
  /^google\/gemini-3\.1-pro/,
  /^google\/gemini-.*flash/,
  /./,
]

export function openCatalog(settings: AgentSettings): Catalog {
  let found: Promise<readonly ModelChoice[]> | undefined
  const list = (): Promise<readonly ModelChoice[]> => (found ??= findAll(settings))
  return {
    list,
    standard: async () => {
      const choices = await list()
      const wished = settings.model === undefined ? undefined : findChoice(choices, settings.model)
      const order = STANDARD.map((pattern) => choices.find(({ id }) => pattern.test(id)))
      return wished ?? order.find((choice) => choice !== undefined) ?? offlineChoice(settings)
    },
  }
}

/** By its whole id, or by what comes after the provider. */
export function findChoice(choices: readonly ModelChoice[], name: string): ModelChoice | undefined {
  return choices.find(({ id }) => id === name) ?? choices.find(({ id }) => id.slice(id.indexOf('/') + 1) === name)
}

async function findAll(settings: AgentSettings): Promise<readonly ModelChoice[]> {
  const providers = Object.entries(settings.providers) as [ProviderName, ProviderAccess][]
  const found = await Promise.all([
    settings.local === undefined ? [] : localChoices(settings.local),
    ...providers.map(([name, access]) => providerChoices(name, access)),
  ])
  const { silenceMs } = settings
  const choices = found.flat()
  if (choices.length === 0) return [offlineChoice(settings)]
  return choices.map((choice) => ({
    ...choice,
    stream: watched(choice.stream, { apiKey: choice.apiKey, silenceMs }),
  }))
}
