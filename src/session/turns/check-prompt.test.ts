// What a prompt must be: each kind of content with its essentials, bounds, and what the agent is known to take.

import { describe, expect, test } from 'vitest'

import { checkPrompt } from './check-prompt.ts'
import type { PromptTaker } from './check-prompt.ts'
import { shownPrompt } from './shown-prompt.ts'

const RULES = { promptBytesMax: 1_000, attachmentBytesMax: 4_000 }
const ANY: PromptTaker = { agent: 'fake', agentCapabilities: undefined }
const takes = (prompt: object): PromptTaker => ({ agent: 'fake', agentCapabilities: JSON.stringify({ prompt }) })
const NOTHING = takes({ image: false, audio: false, embeddedContext: false })

const image = { type: 'image', mimeType: 'image/png', data: 'aGVsbG8=' }
const audio = { type: 'audio', mimeType: 'audio/wav', data: 'aGVsbG8=' }
const text = { type: 'resource', resource: { uri: 'file:///a', text: 'hello' } }
const blob = { type: 'resource', resource: { uri: 'file:///a', mimeType: 'application/pdf', blob: 'aGVsbG8=' } }
const link = { type: 'resource_link', uri: 'file:///a', name: 'a' }

test.each([image, audio, text, blob, link])('%o is accepted when it is not known what the agent takes', (block) => {
  expect(JSON.parse(checkPrompt([block], RULES, ANY))).toEqual([block])
})

describe('a block that is not whole is a bad request', () => {
  test.each([
    [{ text: 'x' }, 'has no type'],
    [{ type: 'text' }, 'has no text'],
    [{ ...image, data: '' }, 'has no data'],
    [{ ...image, data: 'aGVsbG8' }, 'not base64'],
    [{ ...image, data: 'aGVs bG8=' }, 'not base64'],
    [{ ...image, mimeType: 'text/plain' }, 'no image'],
    [{ ...image, mimeType: undefined }, 'has no mimeType'],
    [{ ...audio, mimeType: 'image/png' }, 'no audio'],
    [{ ...link, uri: '' }, 'has no uri'],
    [{ ...link, mimeType: 'nonsense' }, 'a mimeType that is none'],
    [{ type: 'resource' }, 'has no resource'],
    [{ type: 'resource', resource: { text: 'x' } }, 'without a uri'],
    [{ type: 'resource', resource: { uri: 'file:///a' } }, 'neither text nor blob'],
    [{ type: 'resource', resource: { uri: 'file:///a', blob: '!' } }, 'not base64'],
  ])('%o %s', (block, reason) => {
    expect(() => checkPrompt([block as never], RULES, ANY)).toThrow(reason)
  })
})

test('content that no agent of ACP v1 takes is refused by its type', () => {
  const odd = [{ type: 'hologram' }]
  expect(() => checkPrompt(odd, RULES, ANY)).toThrow(
    expect.objectContaining({
      code: 'PROMPT_UNSUPPORTED_CONTENT',
      details: { agent: 'fake', contentType: 'hologram' },
    }),
  )
})

test.each([
  [image, { image: true }],
  [audio, { audio: true }],
  [text, { embeddedContext: true }],
])('%o is refused before it is stored when the agent is known not to take it', (block, capability) => {
  expect(() => checkPrompt([block], RULES, NOTHING)).toThrow(
    expect.objectContaining({ code: 'PROMPT_UNSUPPORTED_CONTENT' }),
  )
  expect(checkPrompt([block], RULES, takes(capability))).toContain(block.type)
})

test('text and attached data have bounds of their own', () => {
  const large = (chars: number) => ({ ...image, data: 'A'.repeat(chars) })
  expect(checkPrompt([large(4_000)], RULES, ANY)).toContain('AAAA')
  const tooMuch = (bytesMax: number) =>
    expect.objectContaining({ code: 'PROMPT_TOO_LARGE', details: expect.objectContaining({ bytesMax }) as unknown })
  expect(() => checkPrompt([large(2_000), large(2_004)], RULES, ANY)).toThrow(tooMuch(4_000))
  expect(() => checkPrompt([{ type: 'text', text: 'x'.repeat(1_000) }], RULES, ANY)).toThrow(tooMuch(1_000))
})

test('a large prompt is shown without its data, which is said; a small one as it is', () => {
  const small = JSON.stringify([image])
  expect(shownPrompt(small)).toBe(small)
  const data = 'A'.repeat(80_000)
  const large = JSON.stringify([
    { type: 'text', text: 'see' },
    { ...image, data },
    { type: 'resource', resource: { uri: 'u', blob: data } },
  ])
  expect(JSON.parse(shownPrompt(large))).toEqual([
    { type: 'text', text: 'see' },
    { ...image, data: '', omitted: 80_000 },
    { type: 'resource', resource: { uri: 'u', blob: '', omitted: 80_000 } },
  ])
})
