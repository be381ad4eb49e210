import { expect, test } from 'vitest'

import { Controls } from './controls.ts'

function rig() {
  const controls = new Controls()
  const told: string[] = []
  return { controls, told, reload: () => void told.push('reload'), dump: () => void told.push('dump') }
}

test('a reload and a dump that are asked for before the life can do them are done once it can, once each', () => {
  const { controls, told, reload, dump } = rig()
  controls.begin()
  controls.reload()
  controls.reload()
  controls.dumpState()
  controls.reload = reload
  controls.dumpState = dump
  expect(told).toEqual(['reload', 'dump'])
  controls.reload()
  expect(told).toEqual(['reload', 'dump', 'reload'])
})

test('what was asked of an earlier life is not asked of the next one, which reads its configuration itself', () => {
  const { controls, told, reload, dump } = rig()
  controls.reload = reload
  controls.begin()
  controls.reload()
  controls.begin()
  controls.reload = () => void told.push('next')
  controls.dumpState = dump
  expect(told).toEqual([])
})
