// Membership: which evidence counts, and which does not. Rows are made up, so no process is touched.

import { describe, expect, test } from 'vitest'

import type { ScannedProcess } from './process-scanner.ts'
import { ProcessTree } from './process-tree.ts'

const OWNER = { instance: 11, lease: 22, epoch: 33 }
const ROOT = { pid: 100, startTicks: '1000' }

function row(pid: number, over: Partial<ScannedProcess> = {}): ScannedProcess {
  return {
    pid,
    startTicks: `${pid}0`,
    state: 'S',
    ppid: 1,
    pgid: pid,
    sid: pid,
    tag: undefined,
    markers: [],
    ...over,
  }
}

function membersOf(rows: ScannedProcess[], tree = new ProcessTree({ owner: OWNER, root: ROOT })): number[] {
  return tree
    .absorb(rows)
    .found.map(({ pid }) => pid)
    .toSorted((a, b) => a - b)
}

describe('process tree', () => {
  test('the root, a tag, a marker and descent count, in whatever order the table shows them', () => {
    const rows = [
      row(90, { ppid: 95 }),
      row(95, { ppid: 300 }),
      row(100),
      row(200, { tag: OWNER }),
      row(300, { markers: [{ instance: 1, lease: 1, epoch: 1 }, OWNER] }),
    ]
    expect(membersOf(rows)).toEqual([90, 95, 100, 200, 300])
    expect(membersOf(rows.toReversed())).toEqual([90, 95, 100, 200, 300])
  })

  test('another lease, another instance or another epoch is not ours', () => {
    const others = [
      { ...OWNER, lease: 23 },
      { ...OWNER, instance: 12 },
      { ...OWNER, epoch: 34 },
    ]
    const rows = others.flatMap((owner, i) => [row(200 + i, { tag: owner }), row(300 + i, { markers: [owner] })])
    expect(membersOf(rows)).toEqual([])
  })

  test('B 41: what a gateway inside of this tree started is ours, also where only its own tag is left', () => {
    const inner = { instance: 77, lease: 1, epoch: 2 }
    const outer = { instance: 88, lease: 1, epoch: 2 }
    const agent = row(200, { tag: inner, markers: [outer, OWNER, inner] })
    const scrubbed = row(201, { tag: { ...inner, lease: 5 } })
    const beside = [row(300, { tag: outer }), row(301, { tag: { ...inner, epoch: 3 } }), row(302, { markers: [outer] })]
    expect(membersOf([scrubbed, agent, ...beside])).toEqual([200, 201])
    expect(membersOf([scrubbed, ...beside])).toEqual([])
  })

  test('A 20: a process with the pid of the root but another start is a stranger, and so is its group', () => {
    const rows = [row(100, { startTicks: '9999' }), row(101, { pgid: 100 }), row(102, { sid: 100, ppid: 100 })]
    expect(membersOf(rows)).toEqual([])
  })

  test('the group and session of the root count while the root or a marked member proves them', () => {
    const members = [row(101, { pgid: 100, sid: 100 }), row(102, { sid: 100 })]
    expect(membersOf([row(100, { sid: 100 }), ...members])).toEqual([100, 101, 102])
    expect(membersOf([...members, row(103, { pgid: 100, tag: OWNER })])).toEqual([101, 102, 103])
    expect(membersOf(members)).toEqual([])
  })

  test('what belonged once belongs for ever, by its birth', () => {
    const tree = new ProcessTree({ owner: OWNER, root: ROOT })
    expect(membersOf([row(100), row(101, { ppid: 100 })], tree)).toEqual([100, 101])
    expect(membersOf([row(101, { ppid: 1 })], tree)).toEqual([101])
    expect(membersOf([row(101, { ppid: 1, startTicks: '7' })], tree)).toEqual([])
    expect(tree.sweptCount([])).toBe(1)
  })

  test('this process and pid 1 are never members, whatever they carry', () => {
    expect(membersOf([row(process.pid, { tag: OWNER }), row(1, { markers: [OWNER] })])).toEqual([])
  })

  test('a member is to be stopped until its state says so, but not for ever', () => {
    const tree = new ProcessTree({ owner: OWNER, root: undefined })
    expect(tree.absorb([row(200, { tag: OWNER, state: 'R' })]).fresh).toHaveLength(1)
    expect(tree.absorb([row(200, { tag: OWNER, state: 'T' })]).fresh).toHaveLength(0)
    const rounds = Array.from({ length: 10 }, () => tree.absorb([row(201, { tag: OWNER, state: 'D' })]).fresh.length)
    expect(rounds[0]).toBe(1)
    expect(rounds.at(-1)).toBe(0)
  })
})
