// Pages of an agent's own sessions: how far they are read. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import { FakeProcess, offerOf, polite, result } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'

/** Answers `session/list` number n with the cursor that `nextCursor` gives. */
function listing(nextCursor: (n: number) => string | null | undefined): FakeProcess {
  let n = 0
  const answering = polite(
    (message, self) => {
      const cursor = nextCursor(++n)
      const page: JsonObject = { sessions: [{ sessionId: `s${n}`, cwd: '/work' }] }
      self.tell(result(message, cursor === undefined ? page : { ...page, nextCursor: cursor }))
    },
    { sessionCapabilities: { list: {} } },
  )
  return new FakeProcess(answering)
}

const asked = ({ sent }: FakeProcess): unknown[] =>
  sent.filter(({ method }) => method === 'session/list').map(({ params }) => params)

test.each([null, undefined])('C-29 cursors go back as they came, and %s is the end', async (end) => {
  const process = listing((n) => (n === 1 ? ' odd/+=\u00e9 ' : end))
  const offer = await offerOf(process)
  expect(asked(process)).toEqual([{ cwd: '/work' }, { cwd: '/work', cursor: ' odd/+=\u00e9 ' }])
  expect(offer).toMatchObject({ sessions: [{ sessionId: 's1' }, { sessionId: 's2' }], isCut: false })
  expect(process.stops).toBe(1)
})

test('C-30 a cursor that comes again ends the list, and so does the 20th page; both are told as cut', async () => {
  const [repeating, endless] = [listing((n) => ['a', 'b', 'a'][n - 1]), listing((n) => `page ${n}`)]
  expect(await offerOf(repeating)).toMatchObject({ isCut: true, sessions: { length: 3 } })
  expect(await offerOf(endless)).toMatchObject({ isCut: true, sessions: { length: 20 } })
})
