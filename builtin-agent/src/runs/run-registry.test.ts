// The registry of active runs: identity of handles, waiting, aborting, giving up.

import { describe, expect, test } from 'vitest'

import { RunRegistry, type Run } from './run-registry.ts'

function recorder(): Run & { readonly reasons: string[] } {
  const reasons: string[] = []
  return { reasons, abort: (reason) => void reasons.push(reason) }
}

const registry = (): RunRegistry => new RunRegistry(() => 1_000)

describe('run registry', () => {
  test("an older run's end does not remove its successor", () => {
    const runs = registry()
    const old = runs.register('a', recorder())
    const successor = runs.register('a', recorder())
    old.clear()
    expect(runs.count).toBe(1)
    successor.clear()
    successor.clear()
    expect(runs.count).toBe(0)
  })

  test('a state that an older run sets is not the state of its successor', () => {
    const runs = registry()
    const old = runs.register('a', recorder())
    runs.register('a', recorder())
    old.setState('compacting')
    expect(runs.stateOf('a')).toBe('working')
  })

  test('a run that compacts can be seen, and only such runs are aborted as compacting', () => {
    const runs = registry()
    const [compacting, working] = [recorder(), recorder()]
    runs.register('a', compacting).setState('compacting')
    runs.register('b', working)
    expect(runs.list()).toEqual([
      { session: 'a', state: 'compacting', since: 1_000 },
      { session: 'b', state: 'working', since: 1_000 },
    ])
    expect(runs.abort('compacting', 'restart')).toBe(1)
    expect([compacting.reasons, working.reasons]).toEqual([['restart'], []])
    expect(runs.abort('all', 'stop')).toBe(2)
    expect(runs.abort({ session: 'b' }, 'cancel')).toBe(1)
    expect([compacting.reasons, working.reasons]).toEqual([
      ['restart', 'stop'],
      ['stop', 'cancel'],
    ])
  })

  test('an abort that is asked for ends no wait: the run says itself that it has ended', async () => {
    const runs = registry()
    const handle = runs.register('a', recorder())
    runs.abort('all', 'stop')
    expect(await runs.waitFor('a', { ms: 5 })).toBe(false)
    const waiting = runs.waitFor('a')
    handle.clear()
    expect(await waiting).toBe(true)
    expect(await runs.waitFor('a')).toBe(true)
  })

  test('who waits for a session waits for the successor of its run, too', async () => {
    const runs = registry()
    const waited: boolean[] = []
    const old = runs.register('a', recorder())
    const waiting = runs.waitFor('a').then((ended) => waited.push(ended))
    const successor = runs.register('a', recorder())
    old.clear()
    await Promise.resolve()
    expect(waited).toEqual([])
    successor.clear()
    await waiting
    expect(waited).toEqual([true])
  })

  test('waiting for all ends with the last of them, or with its time', async () => {
    const runs = registry()
    const handles = ['a', 'b'].map((session) => runs.register(session, recorder()))
    const waiting = runs.waitForAll()
    expect(await runs.waitForAll({ ms: 5 })).toBe(false)
    for (const handle of handles) handle.clear()
    expect(await waiting).toBe(true)
    expect(await registry().waitForAll()).toBe(true)
  })

  test('a run that is given up unblocks its waiters, and its late end does nothing', async () => {
    const runs = registry()
    const hung = runs.register('a', recorder())
    const waiting = Promise.all([runs.waitFor('a'), runs.waitForAll()])
    expect(runs.detach('a')).toBe(true)
    expect(await waiting).toEqual([true, true])
    expect(runs.detach('a')).toBe(false)
    runs.register('a', recorder())
    hung.clear()
    expect(runs.count).toBe(1)
  })

  test('a wait that is cancelled rejects', async () => {
    const runs = registry()
    runs.register('a', recorder())
    const abort = new AbortController()
    const waiting = runs.waitFor('a', { signal: abort.signal })
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
