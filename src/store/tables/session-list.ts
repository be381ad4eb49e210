// The lists of sessions: one statement for each combination of filters, so that each can use the index made for it.

import type { SessionFilter } from '../store.ts'

export const LIST_SHAPES = [
  'all',
  'state',
  'agent',
  'state+agent',
  'blocked',
  'state+blocked',
  'agent+blocked',
  'state+agent+blocked',
  'free',
  'state+free',
  'agent+free',
  'state+agent+free',
] as const
/** Names a combination of filters. */
export type ListShape = (typeof LIST_SHAPES)[number]

export function listShape({ state, agent, blocked }: SessionFilter): ListShape {
  const names = [
    state && 'state',
    agent !== undefined && 'agent',
    blocked === true && 'blocked',
    blocked === false && 'free',
  ]
  return (names.filter(Boolean).join('+') || 'all') as ListShape
}
