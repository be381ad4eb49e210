// Tags and markers: what is put on a tree can be read back, and nothing else is taken for it.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { encodeHardLimit, encodeMarker, hardLimitBelow, parseMarkers, parseTag } from './tag-value.ts'

const number24 = fc.integer({ min: 0, max: 2 ** 24 - 1 })
const leaseNumber = fc.integer({ min: 1, max: 2 ** 40 })

describe('tag values', () => {
  test('a tag says whose it is, at any depth', () => {
    fc.assert(
      fc.property(number24, number24, leaseNumber, fc.integer({ min: 0, max: 15 }), (instance, epoch, lease, depth) => {
        const hard = encodeHardLimit(instance, epoch, depth)
        expect(parseTag(String(lease), hard)).toEqual({ instance, lease, epoch })
        expect(BigInt(hard) < 2n ** 60n && BigInt(lease) < BigInt(hard)).toBe(true)
      }),
    )
  })

  test('a gateway inside the tree of another takes a lower limit, whatever the two numbers are', () => {
    fc.assert(
      fc.property(number24, number24, number24, number24, (instance, epoch, outerInstance, outerEpoch) => {
        const outer = encodeHardLimit(outerInstance, outerEpoch)
        const hard = hardLimitBelow(outer, instance, epoch) ?? ''
        expect(BigInt(hard) < BigInt(outer)).toBe(true)
        expect(parseTag('1', hard)).toMatchObject({ instance, epoch })
      }),
    )
  })

  test('no limit inherited: depth 0; one far below ours: none', () => {
    expect(hardLimitBelow(undefined, 1, 2)).toBe(encodeHardLimit(1, 2))
    expect(hardLimitBelow('1024', 1, 2)).toBeUndefined()
  })

  test('limits of others are no tags', () => {
    for (const hard of ['0', '1024', '9223372036854775807', String((0xa6n << 52n) + 5n)]) {
      expect(parseTag('1', hard)).toBeUndefined()
    }
  })

  test('markers round trip, alone and nested; what is malformed is skipped', () => {
    const inner = { instance: 5, lease: 6, epoch: 7 }
    expect(parseMarkers(encodeMarker(inner))).toEqual([inner])
    expect(parseMarkers(`1.2.3:${encodeMarker(inner)}`)).toEqual([{ instance: 1, lease: 2, epoch: 3 }, inner])
    expect(parseMarkers('x:1.2:1.2.3.4:-1.2.3: 1.2.3:')).toEqual([])
  })
})
