// The providers that have a key: their models from the catalog of the library, streamed by the library. Both are loaded when needed.

import type { Api, Model, Provider } from '@earendil-works/pi-ai'

import { KEY_VARIABLES, type ProviderAccess, type ProviderName } from '../settings.ts'
import type { ModelChoice } from './model-choice.ts'

const LOADERS: Readonly<Record<ProviderName, () => Promise<Provider>>> = {
  anthropic: async () => (await import('@earendil-works/pi-ai/providers/anthropic')).anthropicProvider(),
  openai: async () => (await import('@earendil-works/pi-ai/providers/openai')).openaiProvider(),
  google: async () => (await import('@earendil-works/pi-ai/providers/google')).googleProvider(),
}

/** Not for work with tools, or another name of a model that is in the list. */
const LEFT_OUT =
  /realtime|image|live|deep-research|computer-use|customtools|gemma|-\d{8}$|-\d{4}-\d{2}-\d{2}$|chat-latest$|^gpt-4$|^gpt-4-turbo$/

export async function providerChoices(name: ProviderName, access: ProviderAccess): Promise<readonly ModelChoice[]> {
  const provider = await LOADERS[name]()
  const models = provider.getModels().filter(({ id }) => !LEFT_OUT.test(id))
  return models.toReversed().map((model) => choiceOf(provider, model, { name, access }))
}

function choiceOf(
  provider: Provider,
  known: Model<Api>,
  { name, access }: { name: ProviderName; access: ProviderAccess },
): ModelChoice {
  const model = access.baseUrl === undefined ? known : { ...known, baseUrl: access.baseUrl }
  return {
    id: `${name}/${model.id}`,
    name: model.name,
    description: `${provider.name}, key of ${KEY_VARIABLES[name].join(' or ')}`,
    model,
    stream: (wanted, context, options) => provider.streamSimple(wanted, context, options),
    apiKey: access.apiKey,
    takesFetch: name !== 'google',
  }
}
