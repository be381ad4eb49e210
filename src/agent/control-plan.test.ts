import { describe, expect, test } from 'vitest'

import { narrowControls } from '../acp/session-controls.ts'
import { advertisedOptions, controlsAfter, controlsOf, planControl, updateControls } from './control-plan.ts'
import type { Controls } from './control-plan.ts'

const choices = (...ids: string[]) => ids.map((value) => ({ value, name: value.toUpperCase() }))

const MODERN: Controls = narrowControls({
  modes: { currentModeId: 'ask', availableModes: [{ id: 'ask', name: 'Ask' }] },
  configOptions: [
    {
      id: 'mode',
      name: 'Mode',
      category: 'mode',
      type: 'select',
      currentValue: 'ask',
      options: choices('ask', 'code'),
    },
    {
      id: 'm',
      name: 'Model',
      category: 'model',
      type: 'select',
      currentValue: 'small',
      options: choices('small', 'BIG'),
    },
    { id: 'effort', name: 'Effort', type: 'select', currentValue: 'low', options: choices('low', 'high') },
    { id: 'Fast', name: 'Fast', type: 'boolean', currentValue: false },
    { id: 'odd', name: 'Odd', type: 'slider', currentValue: 3 },
    'junk',
  ],
})

const LEGACY: Controls = narrowControls({
  modes: { currentModeId: 'ask', availableModes: [{ id: 'ask', name: 'Ask' }, { id: 'code' }, { name: 'no id' }] },
  models: { currentModelId: 'small', availableModels: [{ modelId: 'small', name: 'Small' }, { modelId: 'big' }] },
})

describe('what is offered', () => {
  test('an option of an unknown type and what has no id is left out, and so is nothing else', () => {
    expect(advertisedOptions(MODERN)).toEqual(['mode', 'model', 'config.effort', 'config.Fast'])
    expect(advertisedOptions(LEGACY)).toEqual(['mode', 'model'])
    expect(LEGACY.modes?.available).toEqual([
      { id: 'ask', name: 'Ask' },
      { id: 'code', name: 'code' },
    ])
  })

  test('grouped choices are one list; lists have bounds', () => {
    const groups = [
      { group: 'a', name: 'A', options: choices('x') },
      { group: 'b', name: 'B', options: choices('y') },
    ]
    const option = { id: 'o', name: 'O', type: 'select', currentValue: 'x', options: groups }
    expect(narrowControls({ configOptions: [option] }).config?.[0]).toMatchObject({
      available: [{ id: 'x' }, { id: 'y' }],
    })
    const many = Array.from({ length: 1_000 }, (_, index) => ({ ...option, id: `o${index}` }))
    expect(narrowControls({ configOptions: many }).config).toHaveLength(64)
  })

  test('what a row keeps is what was offered', () => {
    expect(controlsOf(JSON.stringify(MODERN))).toEqual(JSON.parse(JSON.stringify(MODERN)))
    expect(controlsOf(undefined)).toEqual({ modes: undefined, models: undefined, config: undefined })
  })
})

describe('what is sent', () => {
  const config = (configId: string, value: string): object => ({
    method: 'session/set_config_option',
    params: { configId, value },
  })
  test.each<[string, string | boolean, Controls, object]>([
    // Config options supersede modes.
    ['mode', 'code', MODERN, config('mode', 'code')],
    ['mode', 'code', LEGACY, { method: 'session/set_mode', params: { modeId: 'code' } }],
    ['model', 'big', MODERN, config('m', 'BIG')],
    ['model', 'big', LEGACY, { method: 'session/set_model', params: { modelId: 'big' } }],
    ['thinking', 'high', MODERN, config('effort', 'high')],
    ['config.EFFORT', 'HIGH', MODERN, config('effort', 'high')],
    ['config.reasoning_effort', 'high', MODERN, config('effort', 'high')],
    ['config.fast', true, MODERN, { params: { configId: 'Fast', type: 'boolean', value: true } }],
    ['config.fast', 'true', MODERN, { params: { configId: 'Fast', type: 'boolean', value: true } }],
  ])('%s = %s', (option, value, controls, request) => {
    expect(planControl(controls, { option, value })).toMatchObject({ kind: 'offered', isSet: false, request })
  })

  test.each<[string, string | boolean, Controls, readonly string[]]>([
    ['mode', 'plan', LEGACY, ['ask', 'code']],
    ['mode', 'plan', MODERN, ['ask', 'code']],
    ['thinking', 'high', LEGACY, ['mode', 'model']],
    ['config.odd', '3', MODERN, ['mode', 'model', 'config.effort', 'config.Fast']],
    ['config.fast', 'maybe', MODERN, ['true', 'false']],
  ])('%s = %s is not offered, and what is is said', (option, value, controls, advertised) => {
    expect(planControl(controls, { option, value })).toEqual({ kind: 'unsupported', advertised })
  })

  test('what is set already is said to be', () => {
    expect(planControl(LEGACY, { option: 'mode', value: 'ask' })).toMatchObject({ isSet: true })
    expect(planControl(MODERN, { option: 'config.Fast', value: false })).toMatchObject({ isSet: true })
  })
})

describe('what is set afterwards', () => {
  test('the list of the answer wins; without one it is what was asked for', () => {
    const plan = planControl(MODERN, { option: 'thinking', value: 'high' })
    if (plan.kind !== 'offered') throw new Error('not offered')
    const option = { id: 'effort', name: 'Effort', type: 'select', currentValue: 'max', options: choices('max') }
    expect(controlsAfter(MODERN, plan.request, { configOptions: [option] }).config).toMatchObject([{ current: 'max' }])
    const assumed = controlsAfter(MODERN, plan.request, {}).config?.find(({ id }) => id === 'effort')
    expect(assumed?.current).toBe('high')
  })

  test('an update of the mode is taken under both spellings of its field (C-72)', () => {
    for (const field of ['currentModeId', 'modeId']) {
      const update = { sessionUpdate: 'current_mode_update', [field]: 'code' }
      expect(updateControls(LEGACY, update).modes).toMatchObject({ current: 'code' })
    }
    expect(updateControls(LEGACY, { sessionUpdate: 'config_option_update' })).toBe(LEGACY)
  })
})
