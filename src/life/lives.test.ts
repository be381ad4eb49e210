// The loop over lives with scripted lives: what follows which end, and what becomes of requests at every moment.

import { expect, test } from 'vitest'

import { HoldfastError } from '../base/errors.ts'
import { Controls } from './controls.ts'
import { Lives } from './lives.ts'
import type { LifeEnd, LivesPorts } from './lives.ts'
import { Requests } from './requests.ts'
import type { Successor, SuccessorStart, TakeOver } from './successor.ts'
import type { RestartWay } from './way.ts'

const LEFT: LifeEnd = { hasLeftAgents: true }
const ENDED: LifeEnd = { hasLeftAgents: false }
const BROKEN = new HoldfastError('PORT_IN_USE', { address: '127.0.0.1:7433' })

/** One life under the control of a test. */
class ScriptedLife {
  readonly #end = Promise.withResolvers<LifeEnd>()
  readonly ended = this.#end.promise
  readonly ready: () => void

  constructor(onReady: () => void) {
    this.ready = onReady
  }

  end(how: LifeEnd): void {
    this.#end.resolve(how)
  }

  fail(error: Error): void {
    this.#end.reject(error)
  }
}

class Rig {
  readonly requests = new Requests()
  readonly told: string[] = []
  readonly announced: string[] = []
  readonly begun: ScriptedLife[] = []
  way: RestartWay = 'in-process'
  takeOver: Promise<TakeOver> = Promise.resolve('serves')
  successorStart: SuccessorStart | undefined
  configError: Error | undefined
  readonly #waiting: ((life: ScriptedLife) => void)[] = []
  readonly lives = new Lives(this.#ports())
  readonly ending = this.lives.run()

  /** The life after those that were asked for before. */
  async life(): Promise<ScriptedLife> {
    const no = ++this.#asked
    return this.begun[no - 1] ?? new Promise((resolve) => this.#waiting.push(resolve))
  }
  #asked = 0

  #ports(): LivesPorts {
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    return {
      requests: this.requests,
      controls: new Controls(),
      log: () => logger,
      announce: (line) => void this.announced.push(line),
      run: (onReady) => this.#begin(onReady),
      checkConfig: () => {
        if (this.configError) throw this.configError
      },
      chooseWay: () => ({ way: this.way, because: 'the test says so' }),
      startSuccessor: async () => this.successorStart ?? { kind: 'standing by', successor: this.#successor() },
    }
  }

  #begin(onReady: () => void): Promise<LifeEnd> {
    const life = new ScriptedLife(onReady)
    this.begun.push(life)
    this.#waiting.shift()?.(life)
    return life.ended
  }

  #successor(): Successor {
    return {
      pid: 4711,
      takeOver: () => {
        this.told.push('go')
        return this.takeOver
      },
      stop: () => void this.told.push('stop'),
    }
  }
}

test('a life that was asked to stop is the last one', async () => {
  const rig = new Rig()
  const life = await rig.life()
  life.ready()
  rig.requests.stop('SIGTERM')
  life.end(ENDED)
  expect(await rig.ending).toBe('stopped')
})

test('in-process: another life begins, with no request left over', async () => {
  const rig = new Rig()
  const first = await rig.life()
  first.ready()
  expect(await rig.lives.restart('new configuration')).toEqual({ outcome: 'accepted', way: 'in-process' })
  expect(rig.requests.wish).toEqual({ kind: 'restart', reason: 'new configuration' })
  first.end(LEFT)
  await rig.life()
  expect(rig.requests.wish).toBeUndefined()
  expect(rig.requests.drain.aborted).toBe(false)
})

test('supervised: the process has nothing more to do', async () => {
  const rig = new Rig()
  rig.way = 'supervised'
  const life = await rig.life()
  life.ready()
  await rig.lives.restart('')
  life.end(LEFT)
  expect(await rig.ending).toBe('supervised')
})

test('successor: it is told to go only when the life has ended, and this process ends when it serves', async () => {
  const rig = new Rig()
  rig.way = 'successor'
  const life = await rig.life()
  life.ready()
  expect(await rig.lives.restart('')).toEqual({ outcome: 'accepted', way: 'successor' })
  expect(rig.told).toEqual([])
  life.end(LEFT)
  expect(await rig.ending).toBe('succeeded')
  expect(rig.told).toEqual(['go'])
})

test('a successor that cannot be started: the restart stays in the process, and says why', async () => {
  const rig = new Rig()
  rig.way = 'successor'
  rig.successorStart = { kind: 'unavailable', reason: 'EAGAIN' }
  const life = await rig.life()
  life.ready()
  expect(await rig.lives.restart('')).toEqual({ outcome: 'accepted', way: 'in-process' })
  expect(rig.announced.join()).toContain('EAGAIN')
  life.end(LEFT)
  await rig.life()
})

test('a successor that ends before it stands by: the restart is refused, and this life goes on (G6)', async () => {
  const rig = new Rig()
  rig.way = 'successor'
  rig.successorStart = { kind: 'refused', because: 'it ended with code 1' }
  const life = await rig.life()
  life.ready()
  await expect(rig.lives.restart('')).rejects.toMatchObject({ code: 'RESTART_REFUSED' })
  expect(rig.requests.drain.aborted).toBe(false)
  rig.way = 'in-process'
  expect(await rig.lives.restart('')).toMatchObject({ outcome: 'accepted' })
})

test('a successor that ends after the lock was let go: this process goes on with another life (G7)', async () => {
  const rig = new Rig()
  rig.way = 'successor'
  rig.takeOver = Promise.resolve({ ended: 'code 1' })
  const life = await rig.life()
  life.ready()
  await rig.lives.restart('')
  life.end(LEFT)
  await rig.life()
  expect(rig.begun).toHaveLength(2)
})

test('a configuration that cannot be read: the restart is refused, and nothing has changed (G6)', async () => {
  const rig = new Rig()
  rig.configError = new HoldfastError('CONFIG_INVALID', { reason: 'a comma is missing' })
  const life = await rig.life()
  life.ready()
  await expect(rig.lives.restart('')).rejects.toMatchObject({
    code: 'RESTART_REFUSED',
    details: { reason: expect.stringContaining('comma') },
  })
  expect(rig.requests.wish).toBeUndefined()
})

test('T17: a restart that is asked for during the start is carried out when the life is ready', async () => {
  const rig = new Rig()
  const first = await rig.life()
  const answer = rig.lives.restart('early')
  await Promise.resolve()
  expect(rig.requests.drain.aborted).toBe(false)
  first.ready()
  expect(await answer).toMatchObject({ outcome: 'accepted' })
  expect(rig.requests.drain.aborted).toBe(true)
  first.end(LEFT)
  await rig.life()
})

test('T17: a stop that is asked for during the start is there when the life looks', async () => {
  const rig = new Rig()
  rig.requests.stop('SIGTERM')
  const life = await rig.life()
  expect(rig.requests.drain.aborted).toBe(true)
  life.fail(new HoldfastError('CANCELLED', { stage: 'waiting for the lock' }))
  expect(await rig.ending).toBe('stopped')
})

test('T18: a later start that fails leaves the process waiting, and each restart tries a whole life again', async () => {
  const rig = new Rig()
  const first = await rig.life()
  first.ready()
  await rig.lives.restart('')
  first.end(LEFT)
  ;(await rig.life()).fail(BROKEN)
  const answer = await rig.lives.restart('corrected')
  expect(answer).toEqual({ outcome: 'accepted', way: 'in-process' })
  expect(rig.announced.join('\n')).toContain('holdfast restart')
  ;(await rig.life()).fail(BROKEN)
  await rig.lives.restart('corrected again')
  const last = await rig.life()
  last.ready()
  rig.requests.stop('SIGTERM')
  last.end(ENDED)
  expect(await rig.ending).toBe('stopped')
})

test('T18: a process that waits after a failed start ends when it is asked to', async () => {
  const rig = new Rig()
  const first = await rig.life()
  first.ready()
  await rig.lives.restart('')
  first.end(LEFT)
  ;(await rig.life()).fail(BROKEN)
  rig.requests.stop('SIGTERM')
  expect(await rig.ending).toBe('stopped')
})

test('a first start that fails, and a life that fails later, end the process with their cause', async () => {
  const early = new Rig()
  ;(await early.life()).fail(BROKEN)
  await expect(early.ending).rejects.toBe(BROKEN)
  const late = new Rig()
  const life = await late.life()
  life.ready()
  life.fail(BROKEN)
  await expect(late.ending).rejects.toBe(BROKEN)
})

test('T19: a stop during the drain of a restart makes it a stop', async () => {
  const rig = new Rig()
  rig.way = 'successor'
  const life = await rig.life()
  life.ready()
  await rig.lives.restart('')
  rig.requests.stop('SIGTERM')
  expect(rig.requests.keepsAgents).toBe(false)
  life.end(ENDED)
  expect(await rig.ending).toBe('stopped')
  expect(rig.told).toEqual(['stop'])
})

test('T19: agents that were left before the stop came are ended by a life that is asked to stop from its beginning', async () => {
  const rig = new Rig()
  const first = await rig.life()
  first.ready()
  await rig.lives.restart('')
  rig.requests.stop('SIGTERM')
  first.end(LEFT)
  const second = await rig.life()
  expect(rig.requests.drain.aborted).toBe(true)
  second.end(ENDED)
  expect(await rig.ending).toBe('stopped')
})

test('T19: a stop while the successor takes over is passed on to it', async () => {
  const rig = new Rig()
  rig.way = 'successor'
  rig.takeOver = new Promise(() => {})
  const life = await rig.life()
  life.ready()
  await rig.lives.restart('')
  life.end(LEFT)
  await expect.poll(() => rig.told).toEqual(['go'])
  rig.requests.stop('SIGTERM')
  expect(await rig.ending).toBe('stopped')
  expect(rig.told).toEqual(['go', 'stop'])
})

test('a restart is refused once a stop was asked for, also one that is being prepared', async () => {
  const rig = new Rig()
  const answer = rig.lives.restart('')
  rig.requests.stop('SIGTERM')
  await expect(answer).rejects.toMatchObject({ code: 'GATEWAY_DRAINING' })
  await expect(rig.lives.restart('')).rejects.toMatchObject({ code: 'GATEWAY_DRAINING' })
  expect(rig.requests.wish).toMatchObject({ kind: 'stop' })
})

test('restarts that are asked for while one is under way are one restart, and its reason is kept to 200 characters', async () => {
  const rig = new Rig()
  const first = await rig.life()
  first.ready()
  const [one, two] = await Promise.all([rig.lives.restart(`  ${'x'.repeat(300)}`), rig.lives.restart('b')])
  expect([one.outcome, two.outcome]).toEqual(['accepted', 'coalesced'])
  expect(await rig.lives.restart('c')).toMatchObject({ outcome: 'coalesced' })
  expect(rig.requests.wish).toEqual({ kind: 'restart', reason: 'x'.repeat(200) })
  first.end(LEFT)
  await rig.life()
  expect(rig.begun).toHaveLength(2)
})
