// Who is let in next, and how many are.

import { describe, expect, test } from 'vitest'

import type { Lane } from '../../store/records.ts'
import { LaneOrder } from './lane-order.ts'
import { boundLanesOf, Lanes } from './lanes.ts'
import { QueuedTotal } from '../turns/queued-total.ts'

const ALL: readonly Lane[] = ['interactive', 'background', 'scheduled']

function takeAll(order: LaneOrder<string>): string[] {
  const taken: string[] = []
  for (let next = order.take(); next !== undefined; next = order.take()) taken.push(next)
  return taken
}

describe('the order of lanes', () => {
  test('of seven that are let in while all lanes wait, four are interactive, two scheduled, one background', () => {
    const order = new LaneOrder<string>()
    for (const lane of ALL) for (let i = 0; i < 20; i++) order.add(lane, `${lane}${i}`)
    const taken = Array.from({ length: 14 }, () => order.take() ?? '')
    const count = (lane: Lane): number => taken.filter((name) => name.startsWith(lane)).length
    expect(ALL.map(count)).toEqual([8, 2, 4])
  })

  test('a lane is first come first served, and alone it waits for nobody', () => {
    const order = new LaneOrder<string>()
    for (const name of ['a', 'b', 'c']) order.add('background', name)
    expect(takeAll(order)).toEqual(['a', 'b', 'c'])
  })

  test('one background start is let in however many interactive ones keep coming', () => {
    const order = new LaneOrder<string>()
    order.add('background', 'patient')
    const taken: (string | undefined)[] = []
    for (let i = 0; i < 8; i++) {
      order.add('interactive', `i${i}`)
      order.add('interactive', `j${i}`)
      taken.push(order.take())
    }
    expect(taken).toContain('patient')
  })

  test('who has left is not let in', () => {
    const order = new LaneOrder<string>()
    order.add('scheduled', 'a')
    order.add('scheduled', 'b')
    order.delete('scheduled', 'a')
    expect([order.size, ...takeAll(order), order.size]).toEqual([1, 'b', 0])
  })
})

describe('the bound of a lane', () => {
  const lanes = (): Lanes => new Lanes({ interactive: 0, background: 2, scheduled: 1 })

  test('holds, and each that leaves lets the one in who has waited longest', () => {
    const bounded = lanes()
    const entered: string[] = []
    const places = ['a', 'b', 'c', 'd'].map((name) => bounded.enter('background', () => entered.push(name)))
    expect(entered).toEqual(['a', 'b'])
    places[1]?.[Symbol.dispose]()
    expect([entered, bounded.out('background')]).toEqual([['a', 'b', 'c'], 2])
    places[1]?.[Symbol.dispose]()
    expect(entered).toEqual(['a', 'b', 'c'])
  })

  test('is of its lane alone', () => {
    const bounded = lanes()
    const entered: string[] = []
    for (const lane of ['background', 'background', 'background', 'scheduled'] as const)
      bounded.enter(lane, () => entered.push(lane))
    expect(entered).toEqual(['background', 'background', 'scheduled'])
  })

  test('who gives up while waiting frees nothing, and is not let in', () => {
    const bounded = lanes()
    const entered: string[] = []
    const [first, second] = ['a', 'b'].map((name) => bounded.enter('scheduled', () => entered.push(name)))
    second?.[Symbol.dispose]()
    first?.[Symbol.dispose]()
    expect([entered, bounded.out('scheduled')]).toEqual([['a'], 0])
  })

  test('that is raised or lifted lets in who waits, and one that is lowered turns nobody out', () => {
    const bounds = { interactive: 0, background: 1, scheduled: 1 }
    const bounded = new Lanes(bounds)
    const entered: string[] = []
    for (const name of ['a', 'b', 'c', 'd']) bounded.enter('background', () => entered.push(name))
    bounds.background = 2
    bounded.recheck()
    expect(entered).toEqual(['a', 'b'])
    bounds.background = 0
    bounded.recheck()
    expect([entered, bounded.out('background')]).toEqual([['a', 'b', 'c', 'd'], 4])
    bounds.background = 1
    bounded.recheck()
    bounded.enter('background', () => entered.push('e'))
    expect([entered.length, bounded.out('background'), boundLanesOf(bounds)]).toEqual([
      4,
      4,
      ['background', 'scheduled'],
    ])
  })

  test('a turn of an earlier life counts beyond it', () => {
    const bounded = lanes()
    const entered: string[] = []
    const taken = [bounded.take('scheduled'), bounded.take('scheduled')]
    bounded.enter('scheduled', () => entered.push('new'))
    taken[0]?.[Symbol.dispose]()
    expect(entered).toEqual([])
    taken[1]?.[Symbol.dispose]()
    expect(entered).toEqual(['new'])
  })
})

test('the queued prompts of all sessions are counted, with those that are being accepted', () => {
  const total = new QueuedTotal({ queuedMax: 3 })
  total.set(1, 2)
  expect(total.isFull).toBe(false)
  const asking = total.ask()
  expect(total.isFull).toBe(true)
  asking[Symbol.dispose]()
  total.set(2, 1)
  expect(total.isFull).toBe(true)
  total.set(1, 0)
  expect(total.isFull).toBe(false)
})
