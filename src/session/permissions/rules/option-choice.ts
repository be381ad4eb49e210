// Which of the offered options says what, by kind. An id that is offered twice may mean the other one: it is never chosen unasked.

import type { JsonObject } from '../../../base/json.ts'

type Offered = readonly JsonObject[]

/** The way to say yes to this one call; undefined when none was offered. */
export function allowOnceOption(options: Offered): string | undefined {
  return singleOf(options, 'allow_once')
}

export function rejectOnceOption(options: Offered): string | undefined {
  return singleOf(options, 'reject_once')
}

/** The agent's own way to be refused: this once, else for ever. */
export function rejectOption(options: Offered): string | undefined {
  return rejectOnceOption(options) ?? singleOf(options, 'reject_always')
}

export function kindOfOption(options: Offered, optionId: string): string | undefined {
  const kinds = new Set(options.filter((option) => option['optionId'] === optionId).map((option) => option['kind']))
  const [kind] = kinds
  return kinds.size === 1 && typeof kind === 'string' ? kind : undefined
}

function singleOf(options: Offered, kind: string): string | undefined {
  const isSingle = ({ optionId }: JsonObject): boolean =>
    options.filter((option) => option['optionId'] === optionId).length === 1
  const id = options.find((option) => option['kind'] === kind && isSingle(option))?.['optionId']
  return typeof id === 'string' ? id : undefined
}
