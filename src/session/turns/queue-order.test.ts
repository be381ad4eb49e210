// Places in the queue: however often turns are moved, the order is as wanted, no two are equal and none is 0.

import { array, assert, constantFrom, nat, property, record } from 'fast-check'
import { expect, test } from 'vitest'

import { frontPlace, newPlace, reorder } from './queue-order.ts'

interface Placed {
  readonly n: number
  readonly place: number
}

/** What a transaction sees that writes the rows that differ, one after the other: no two equal at any time. */
function checkWrites(before: readonly Placed[], after: readonly Placed[]): void {
  const places = new Map(before.map(({ n, place }) => [n, place]))
  for (const { n, place } of after) {
    if (places.get(n) === place) continue
    expect([...places.values()]).not.toContain(place)
    places.set(n, place)
  }
}

test('any series of moves, arrivals and returns to the front keeps the order that was asked for', () => {
  const step = record({ what: constantFrom('move', 'new', 'front', 'out'), from: nat(40), to: nat(40) })
  assert(
    property(array(step, { maxLength: 200 }), (steps) => {
      let n = 3
      let queue: Placed[] = [1, 2, 3].map((number) => ({ n: number, place: newPlace(number) }))
      for (const { what, from, to } of steps) {
        const turn = queue[from % Math.max(1, queue.length)]
        if (what === 'new') queue = [...queue, { n: ++n, place: newPlace(n) }]
        if (what === 'front') queue = [{ n: ++n, place: frontPlace(queue, n) }, ...queue]
        if (what === 'out') queue = queue.slice(1)
        if (what !== 'move' || turn === undefined) continue
        const index = to % queue.length
        const wanted = queue.filter((other) => other !== turn).toSpliced(index, 0, turn)
        const moved = reorder(queue, turn, index, n + 1)
        expect(moved.map((one) => one.n)).toEqual(wanted.map((one) => one.n))
        checkWrites(queue, moved)
        queue = moved
      }
      const places = queue.map(({ place }) => place)
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      expect(new Set(places).size).toBe(places.length)
      expect(places).not.toContain(0)
    }),
    { numRuns: 500 },
  )
})

test('a move between two neighbours changes one row until no number is left between them, then all', () => {
  let queue: Placed[] = [1, 2, 3].map((n) => ({ n, place: newPlace(n) }))
  const changed: number[] = []
  for (let i = 0; i < 20; i++) {
    const last = queue[2]
    if (last === undefined) throw new Error('the queue has three')
    const moved = reorder(queue, last, 1, 4)
    changed.push(moved.filter((turn) => !queue.some(({ n, place }) => n === turn.n && place === turn.place)).length)
    queue = moved
  }
  expect(changed.filter((count) => count === 1).length).toBeGreaterThan(15)
  expect(changed).toContain(3)
})
