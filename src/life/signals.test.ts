// What each signal does to a gateway.

import { expect, test } from 'vitest'

import { Controls } from './controls.ts'
import { Requests } from './requests.ts'
import type { Intent } from './restart-intent.ts'
import { onSignal } from './signals.ts'
import type { GatewaySignal } from './signals.ts'

interface Situation {
  readonly intent?: Intent
  readonly isAnyoneAllowed?: boolean
  readonly hasLostTerminal?: boolean
}

function rig({ intent = { kind: 'absent' }, isAnyoneAllowed = false, hasLostTerminal = false }: Situation = {}) {
  const done: string[] = []
  const controls = new Controls()
  controls.reload = () => done.push('reload')
  controls.dumpState = () => done.push('dump')
  controls.killNow = () => done.push('kill')
  const logger = { debug: () => {}, info: () => {}, warn: () => done.push('warn'), error: () => {} }
  const requests = new Requests()
  const ports = {
    requests,
    controls,
    lives: {
      restart: async (reason: string) => {
        done.push(`restart ${reason}`)
        return { outcome: 'accepted', way: 'in-process' } as const
      },
    },
    log: () => logger,
    takeIntent: () => intent,
    isAnyoneAllowed: () => isAnyoneAllowed,
    hasLostTerminal: () => hasLostTerminal,
    exit: (code: number) => void done.push(`exit ${code}`),
  }
  return { done, requests, send: (...signals: GatewaySignal[]) => signals.forEach((signal) => onSignal(signal, ports)) }
}

test('the first SIGTERM drains, the second cuts, the third kills and exits 1 (T20)', () => {
  const { done, requests, send } = rig()
  send('SIGTERM')
  expect([requests.drain.aborted, requests.force.aborted]).toEqual([true, false])
  send('SIGINT')
  expect([requests.force.aborted, done]).toEqual([true, []])
  send('SIGTERM')
  expect(done).toEqual(['kill', 'exit 1'])
})

test('SIGHUP reloads; without the terminal that there was it is one stop, however often it comes', () => {
  const kept = rig()
  kept.send('SIGHUP')
  expect([kept.done, kept.requests.wish]).toEqual([['reload'], undefined])
  const lost = rig({ hasLostTerminal: true })
  lost.send('SIGHUP', 'SIGHUP', 'SIGHUP')
  expect([lost.done, lost.requests.wish?.kind, lost.requests.force.aborted]).toEqual([[], 'stop', false])
})

test('SIGUSR2 dumps the state', () => {
  const { done, send } = rig()
  send('SIGUSR2')
  expect(done).toEqual(['dump'])
})

test('SIGUSR1 restarts with a valid intent or the option, and is a warning otherwise (G8)', () => {
  const done = (options: Situation): string[] => {
    const { done: all, send } = rig(options)
    send('SIGUSR1')
    return all
  }
  expect(done({ intent: { kind: 'valid', reason: 'new version' } })).toEqual(['restart new version'])
  expect(done({ isAnyoneAllowed: true })).toEqual(['restart SIGUSR1'])
  expect(done({ intent: { kind: 'void', because: 'it is too old' }, isAnyoneAllowed: true })).toEqual([
    'restart SIGUSR1',
  ])
  expect(done({ intent: { kind: 'void', because: 'it is too old' } })).toEqual(['warn'])
  expect(done({})).toEqual(['warn'])
})
