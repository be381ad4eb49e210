import { expect, test } from 'vitest'

import { createLocalWake } from './local-wake.ts'

test('a hint reaches every listener until it is disposed, and never inside the call', async () => {
  const wake = createLocalWake()
  const heard: string[] = []
  const listener = (name: string) => (no: number) => heard.push(`${name}${no}`)
  const first = wake.onHint(listener('a'))
  using _second = wake.onHint(listener('b'))
  wake.hint(1)
  expect(heard).toEqual([])
  await Promise.resolve()
  first[Symbol.dispose]()
  wake.hint(2)
  await Promise.resolve()
  expect(heard).toEqual(['a1', 'b1', 'b2'])
})
