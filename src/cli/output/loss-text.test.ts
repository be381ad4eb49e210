import { expect, test } from 'vitest'

import { HoldfastError } from '../../base/errors.ts'
import { leavingText, Losses } from './loss-text.ts'

const leaving = (reason: string) => new HoldfastError('GATEWAY_DRAINING', { reason })
const unreachable = new HoldfastError('GATEWAY_UNREACHABLE', { address: 'x' })

test.each([
  ['a restart that is over in a moment', [leaving('restart'), unreachable, unreachable], []],
  [
    'a restart that takes longer',
    [leaving('restart'), ...Array.from({ length: 9 }, () => unreachable)],
    ['the gateway restarts'],
  ],
  ['a stop', [leaving('stop'), unreachable, unreachable], ['the gateway stops']],
  ['a death', [undefined, unreachable, unreachable], ['lost the gateway']],
])('%s says so much and no more', (_, errors, lines) => {
  const losses = new Losses()
  expect(errors.map((error, i) => losses.lost(i + 1, error)).filter((line) => line !== undefined)).toEqual(lines)
})

test('a death after a restart is said again', () => {
  const losses = new Losses()
  expect([losses.lost(1, leaving('restart')), losses.lost(1, unreachable)]).toEqual([undefined, 'lost the gateway'])
})

test('a stop is announced with the time that turns have, a restart is not', () => {
  const told = { state: 'draining', until: '2026-01-01T00:00:20.000Z', reconnect_after_ms: null } as const
  const now = Date.parse('2026-01-01T00:00:00Z')
  expect(leavingText({ ...told, reason: 'stop' }, now)).toBe('the gateway stops; running turns have 20 s')
  expect(leavingText({ ...told, reason: 'restart' }, now)).toBeUndefined()
})
