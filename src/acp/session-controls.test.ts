// What an agent offers to choose from: what of it is kept, and what an update replaces. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { narrowControls, updateControls } from './session-controls.ts'

function option(id: string, more: JsonObject = {}): JsonObject {
  return { id, name: id, type: 'select', currentValue: 'a', options: [{ value: 'a', name: 'A' }], ...more }
}

test('C-71 an update of the config options is the whole list: what it does not name is gone', () => {
  const before = narrowControls({ configOptions: [option('one'), option('two')] })
  const after = updateControls(before, { sessionUpdate: 'config_option_update', configOptions: [option('three')] })
  expect(after.config?.map(({ id }) => id)).toEqual(['three'])
  expect(updateControls(after, { sessionUpdate: 'config_option_update', configOptions: [] }).config).toEqual([])
})

test('C-73 options of an unknown type are left out of what can be chosen, the others stay', () => {
  const odd = [option('slider', { type: 'slider' }), option('none', { type: null }), option('', {})]
  expect(narrowControls({ configOptions: [...odd, option('kept')] }).config?.map(({ id }) => id)).toEqual(['kept'])
})
