// What a prompt may hold.

import { expect, test } from 'vitest'

import { readPrompt } from './prompt-content.ts'

const PNG = Buffer.from('89504e470d0a1a0a0000000d', 'hex').toString('base64')
const JPEG = Buffer.from('ffd8ffe000104a46', 'hex').toString('base64')

test('an image is what its bytes are, whatever it is called', () => {
  const read = readPrompt([{ type: 'image', data: JPEG, mimeType: 'image/png' }], true)
  expect(read).toMatchObject({ content: [{ type: 'image', mimeType: 'image/jpeg' }] })
})

test.each([
  ['bytes of no image', Buffer.from('hello world!').toString('base64'), true],
  ['a text that is not base64', '<svg>', true],
  ['nothing', '', true],
  ['an image for a model that takes none', PNG, false],
])('%s is refused, and the conversation stays one that can be sent', (_, data, takesImages) => {
  expect(readPrompt([{ type: 'image', data, mimeType: 'image/png' }], takesImages)).toMatch(/image/)
})
