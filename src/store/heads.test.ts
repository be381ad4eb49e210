import { expect, test } from 'vitest'

import { Heads } from './heads.ts'

test('what a transaction staged is known within it and forgotten when it is discarded', () => {
  const heads = new Heads()
  heads.stage(1, { seq: 1, crc: 1 })
  heads.confirm()
  heads.stage(1, { seq: 2, crc: 2 })
  expect(heads.find(1)).toEqual({ seq: 2, crc: 2 })
  heads.discard()
  expect(heads.find(1)).toEqual({ seq: 1, crc: 1 })
  heads.forget(1)
  expect(heads.find(1)).toBeUndefined()
})

test('the number of heads is bounded and the least recently written go first', () => {
  const heads = new Heads()
  for (let no = 1; no <= 9_000; no++) {
    heads.stage(no, { seq: no, crc: 0 })
    heads.stage(1, { seq: no, crc: 0 })
    heads.confirm()
  }
  const known = Array.from({ length: 9_000 }, (_, i) => i + 1).filter((no) => heads.find(no))
  expect([known.length, known[0], known.at(-1)]).toEqual([8_192, 1, 9_000])
})
