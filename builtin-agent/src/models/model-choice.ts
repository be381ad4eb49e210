// A model that a session can use: what people choose by, and the function that the agent loop streams from.

import type { StreamFn } from '@earendil-works/pi-agent-core'
import type { Api, Model } from '@earendil-works/pi-ai'

export interface ModelChoice {
  /** `provider/model`. */
  readonly id: string
  readonly name: string
  readonly description: string
  readonly model: Model<Api>
  /** Loads the code of its provider at the first call. */
  readonly stream: StreamFn
  readonly apiKey: string | undefined
  /** Its provider lets us watch its requests. */
  readonly takesFetch: boolean
}

export const THINKING_LEVELS = ['off', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const

export type ThinkingLevel = (typeof THINKING_LEVELS)[number]

/** What the model can be told; one that cannot think has `off` only. The two highest are for models that name them. */
export function thinkingLevelsOf({ model }: ModelChoice): readonly ThinkingLevel[] {
  if (!model.reasoning) return ['off']
  const named = model.thinkingLevelMap ?? {}
  const isRare = (level: ThinkingLevel): boolean => level === 'xhigh' || level === 'max'
  return THINKING_LEVELS.filter((level) => (isRare(level) ? typeof named[level] === 'string' : named[level] !== null))
}

/** The wished level, or the nearest one below it that there is, or the lowest. */
export function nearestThinking(choice: ModelChoice, wished: string | undefined): ThinkingLevel {
  const levels = thinkingLevelsOf(choice)
  const at = THINKING_LEVELS.findIndex((level) => level === (wished ?? 'medium'))
  return levels.findLast((level) => THINKING_LEVELS.indexOf(level) <= at) ?? levels[0] ?? 'off'
}

export function takesImages({ model }: ModelChoice): boolean {
  return model.input.includes('image')
}
