// What a rule approves on its own is small and decided by what the call would touch.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import { allowOnceOption, denyOption, isApproval, optionByRule } from './permission-rule.ts'

const base = mkdtempSync(path.join(tmpdir(), 'holdfast-rule-'))
const cwd = path.join(base, 'project')
mkdirSync(path.join(cwd, 'src'), { recursive: true })
writeFileSync(path.join(cwd, 'src', 'a.ts'), '')
writeFileSync(path.join(base, 'secret'), '')
symlinkSync(path.join(base, 'secret'), path.join(cwd, 'link'))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const options: JsonObject[] = [
  { optionId: 'always', name: 'Always', kind: 'allow_always' },
  { optionId: 'once', name: 'Once', kind: 'allow_once' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
]
const read = (rawInput: JsonObject, more: JsonObject = {}): JsonObject => ({
  toolCallId: 't',
  kind: 'read',
  title: 'Read',
  rawInput,
  ...more,
})

describe('--approve-reads', () => {
  test.each<[string, JsonObject]>([
    ['a file inside', read({ file_path: 'src/a.ts', limit: 10 })],
    ['an absolute path inside', read({ path: path.join(cwd, 'src/a.ts') })],
    ['a search inside', read({ path: '.', pattern: 'foo..bar' }, { kind: 'search' })],
    [
      'several paths with a location',
      read({ paths: ['src', 'src/a.ts'] }, { locations: [{ path: path.join(cwd, 'src') }] }),
    ],
  ])('approves %s once', (_, toolCall) => {
    expect(optionByRule('approve-reads', { toolCall, options }, cwd)).toBe('once')
  })

  test.each<[string, JsonObject]>([
    ['a path above', read({ path: '../secret' })],
    ['a link that leaves', read({ path: 'link' })],
    ['a home path', read({ path: '~/.ssh/id_ed25519' })],
    ['a file that does not exist', read({ path: 'nope' })],
    ['a command that calls itself a read', read({ command: 'rm -rf .' })],
    ['a path beside a command', read({ path: 'src', command: 'rm -rf .' })],
    ['content to write beside a path', read({ path: 'src/a.ts', content: 'x' })],
    ['a diff', read({ path: 'src/a.ts' }, { content: [{ type: 'diff', path: 'src/a.ts', newText: '' }] })],
    ['a location elsewhere', read({ path: 'src' }, { locations: [{ path: '/etc/passwd' }] })],
    ['a pattern elsewhere', read({ path: '.', glob: '/etc/*' })],
    ['a pattern that climbs', read({ path: '.', glob: 'src/../../*' })],
    ['an edit of a file inside', read({ path: 'src/a.ts' }, { kind: 'edit' })],
    ['a call that does not say what it is', { toolCallId: 't', title: 'Read', rawInput: { path: 'src' } }],
    ['a call without input', { toolCallId: 't', kind: 'read', title: 'Read src/a.ts' }],
    ['a call without a path', read({ pattern: 'x' })],
  ])('does not approve %s', (_, toolCall) => {
    expect(optionByRule('approve-reads', { toolCall, options }, cwd)).toBeUndefined()
  })
})

describe('rules', () => {
  const toolCall = { toolCallId: 't', kind: 'execute', rawInput: { command: 'ls' } }

  test('approve-all picks once and never for ever', () => {
    expect(optionByRule('approve-all', { toolCall, options }, cwd)).toBe('once')
    const [always] = options
    expect(
      optionByRule('approve-all', { toolCall, options: always === undefined ? [] : [always] }, cwd),
    ).toBeUndefined()
  })

  test('deny-all picks an offered refusal, and nothing when there is none', () => {
    expect(optionByRule('deny-all', { toolCall, options }, cwd)).toBe('no')
    expect(denyOption([{ optionId: 'never', kind: 'reject_always' }])).toBe('never')
    expect(denyOption([{ optionId: 'once', kind: 'allow_once' }])).toBeUndefined()
  })

  test('ask leaves everything to the person', () => {
    expect(optionByRule('ask', { toolCall: read({ path: 'src' }), options }, cwd)).toBeUndefined()
  })
})

test('an id that is offered twice is picked by no rule, and counts as a yes if it may be one', () => {
  const twice: JsonObject[] = [
    { optionId: 'x', name: 'No', kind: 'allow_always' },
    { optionId: 'x', name: 'Once', kind: 'allow_once' },
    { optionId: 'x', name: 'No', kind: 'reject_once' },
  ]
  expect([allowOnceOption(twice), denyOption(twice)]).toEqual([undefined, undefined])
  expect(isApproval([...twice].toReversed(), 'x')).toBe(true)
})
