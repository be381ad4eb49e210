import { expect, test } from 'vitest'

import { compactingAfter } from './compaction.ts'

const says = (compactionId: string, status: string) => ({ sessionUpdate: 'compaction_update', compactionId, status })

test.each([
  ['begins', [says('a', 'in_progress')], ['a']],
  ['begins once', [says('a', 'in_progress'), says('a', 'in_progress')], ['a']],
  ['begins with its first chunk', [{ sessionUpdate: 'compaction_summary_chunk', compactionId: 'a' }], ['a']],
  ['ends', [says('a', 'in_progress'), says('a', 'completed')], []],
  ['ends by failure or cancel', [says('a', 'in_progress'), says('a', 'failed'), says('b', 'cancelled')], []],
  ['ends with a status that nobody knows', [says('a', 'in_progress'), says('a', '_vendor')], []],
  ['is one of several', [says('a', 'in_progress'), says('b', 'in_progress'), says('a', 'completed')], ['b']],
  ['is no other update', [{ sessionUpdate: 'plan', entries: [] }], []],
])('a compaction %s', (_, updates, ids) => {
  expect(updates.reduce<readonly string[]>(compactingAfter, [])).toEqual(ids)
})
