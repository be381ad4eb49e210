// Which completed turns count as blocked, and which words do not.

import { describe, expect, test } from 'vitest'

import { blockedReason } from './blocked.ts'

const NOTHING = { stopReason: 'end_turn', refused: undefined, isAllowed: false, words: '' }

describe('what the protocol says', () => {
  test.each<[string, Partial<typeof NOTHING> & { refused?: string }, string | undefined]>([
    ['nothing', {}, undefined],
    ['a refusal of the agent', { stopReason: 'refusal' }, 'the agent refused'],
    ['a refused request', { refused: 'rm -rf build' } as never, 'permission was refused: rm -rf build'],
    ['a refused request and an allowed one', { refused: 'a', isAllowed: true } as never, undefined],
  ])('%s', (_, evidence, reason) => {
    expect(blockedReason({ ...NOTHING, ...evidence })).toBe(reason)
  })
})

describe('what the agent says', () => {
  test.each([
    ["I couldn't save the file: permission denied for /srv/app/main.ts", 'permission denied: /srv/app/main.ts'],
    ['I was unable to run it because permission was denied.', 'permission denied'],
    ["I don't have permission to change this repository.", 'the agent says that it has no permission'],
    ['I do not have write access here.', 'the agent says that it has no permission'],
    ['I cannot edit files because the workspace is read-only.', 'the session is read-only'],
    ['This needs a writable session.', 'the session is read-only'],
    ['The command requires your approval before I can go on.', 'the agent waits for an authorisation'],
    ['It needs filesystem authorization.', 'the agent waits for an authorisation'],
    ['The apply_patch tool was rejected, so nothing was changed.', 'apply_patch was refused'],
  ])('%s', (words, reason) => {
    expect(blockedReason({ ...NOTHING, words })).toBe(reason)
  })

  test.each([
    'All tests pass.',
    'I fixed the "permission denied" error by making the script executable.',
    'The log had permission denied lines in it; they are gone now.',
    'Users now have access to the page.',
    'I added a check that the caller has permission.',
    'The page is read-only for guests, as asked.',
    'I used apply_patch for the change.',
    'The form needs a title.',
  ])('not blocked: %s', (words) => {
    expect(blockedReason({ ...NOTHING, words })).toBeUndefined()
  })
})
