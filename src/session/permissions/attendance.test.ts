// Who is there, and when nobody is.

import { expect, test } from 'vitest'

import { manualClock } from '../../../test/_support/manual-clock.ts'
import { Attendance } from './attendance.ts'

function open(waiting: number[] = []) {
  const clock = manualClock()
  const told: number[] = []
  const attendance = new Attendance({
    clock,
    graceMs: 100,
    waiting: () => waiting,
    abandoned: (no) => void told.push(no),
  })
  return { attendance, clock, told }
}

test('with nobody there a request waits for the grace, the next one does not', () => {
  const { attendance, clock, told } = open()
  expect(attendance.isAttended(1)).toBe(true)
  clock.advance(99)
  expect([attendance.isAttended(1), told]).toEqual([true, []])
  clock.advance(1)
  expect([attendance.isAttended(1), told]).toEqual([false, [1]])
  expect(attendance.isAttended(2)).toBe(true)
})

test.each([1, undefined])('a reader of %s that comes within the grace, or later, makes it attended', (no) => {
  const { attendance, clock, told } = open()
  attendance.isAttended(1)
  clock.advance(50)
  const reader = attendance.enter(no)
  clock.advance(100)
  expect([attendance.isAttended(1), told]).toEqual([true, []])
  reader[Symbol.dispose]()
  reader[Symbol.dispose]()
  attendance.isAttended(1)
  clock.advance(100)
  expect([attendance.isAttended(1), told]).toEqual([false, [1]])
  using _ = attendance.enter(no)
  expect(attendance.isAttended(1)).toBe(true)
})

test('a reader of another session is nobody', () => {
  const { attendance, clock, told } = open()
  using _ = attendance.enter(2)
  attendance.isAttended(1)
  clock.advance(100)
  expect(told).toEqual([1])
})

test('when the last reader leaves, what waits has the grace; a reader that stays keeps it', () => {
  const { attendance, clock, told } = open([3, 4])
  const inbox = attendance.enter()
  const other = attendance.enter(4)
  attendance.isAttended(3)
  clock.advance(1_000)
  inbox[Symbol.dispose]()
  clock.advance(100)
  expect(told).toEqual([3])
  other[Symbol.dispose]()
  clock.advance(100)
  expect(told).toEqual([3, 4])
})

test('who sends a prompt has the grace to come and watch', () => {
  const { attendance, clock } = open()
  attendance.isAttended(1)
  clock.advance(100)
  attendance.prompted(1)
  expect(attendance.isAttended(1)).toBe(true)
})

test('nothing is told after the end', () => {
  const { attendance, clock, told } = open()
  attendance.isAttended(1)
  attendance.isAttended(2)
  attendance.forget(2)
  attendance[Symbol.dispose]()
  clock.advance(1_000)
  expect([attendance.isAttended(1), told]).toEqual([true, []])
})
