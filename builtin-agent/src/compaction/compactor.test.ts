// When a compaction is needed, what it does to the transcript, and when another one would not help.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createAssistantMessageEventStream } from '@earendil-works/pi-ai/utils/event-stream'
import { expect, test } from 'vitest'

import type { JsonObject } from '../../../src/base/json.ts'
import { loadLibrary } from '../models/library.ts'
import type { ModelChoice } from '../models/model-choice.ts'
import { offlineChoice } from '../offline/offline-model.ts'
import { messageEntry } from '../session/entries.ts'
import { FileTranscriptStore } from '../transcript/store.ts'
import { Compactor } from './compactor.ts'

const WINDOW = 10_000
const CHARS_PER_TOKEN = 4

/** Answers with a text, or fails when there is none. */
function modelSaying(text: string | undefined): ModelChoice {
  const offline = offlineChoice({ wordMs: 0 })
  return {
    ...offline,
    model: { ...offline.model, contextWindow: WINDOW },
    stream: async (model, context, options) => {
      const message = await (await offline.stream(model, context, options)).result()
      const stream = createAssistantMessageEventStream()
      if (text === undefined) message.stopReason = 'error'
      message.content = [{ type: 'text', text: text ?? '' }]
      stream.end(message)
      return stream
    },
  }
}

/** A conversation of `prompts` prompts, each of so many tenths of the context. */
async function open(choice: ModelChoice, prompts: number, tenths = 1) {
  const folder = await mkdtemp(join(tmpdir(), 'hf-compactor-'))
  const store = new FileTranscriptStore(join(folder, 'state'), { diagnose: () => {} })
  const transcript = await store.create({ cwd: folder })
  const attempt = await transcript.begin()
  const content = 'x'.repeat(tenths * (WINDOW / 10) * CHARS_PER_TOKEN)
  for (let n = 0; n < prompts; n++)
    await attempt.append([messageEntry(`m${n}`, { role: 'user', content, timestamp: 0 })])
  const told: unknown[] = []
  const client = {
    abilities: { terminal: false, readTextFile: false, writeTextFile: false, compaction: true, notices: false },
    update: (_: string, { status }: JsonObject) => void told.push(status),
    call: () => Promise.reject(new Error('nobody is asked')),
  }
  const library = await loadLibrary()
  const compactor = new Compactor({ library, choice, transcript, attempt, client, requestMs: 5_000 })
  const close = async (): Promise<void> => {
    await attempt.cleanup('the test is over')
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  }
  return { compactor, transcript, told, [Symbol.asyncDispose]: close }
}

const signal = new AbortController().signal

test('is needed when there is no room for an answer, and not before', async () => {
  await using few = await open(modelSaying('short'), 4)
  expect(few.compactor.isNeeded()).toBe(false)
  await using many = await open(modelSaying('short'), 6)
  expect(many.compactor.isNeeded()).toBe(true)
})

test('is not needed when there is nothing but the prompt', async () => {
  await using conversation = await open(modelSaying('short'), 1, 20)
  expect(conversation.compactor.tokens()).toBeGreaterThan(WINDOW)
  expect(conversation.compactor.isNeeded()).toBe(false)
})

test('puts a summary in the place of what is older, keeps the newest, and is not needed again', async () => {
  await using conversation = await open(modelSaying('short'), 6)
  const { compactor, transcript, told } = conversation
  await compactor.compact(signal)
  expect(transcript.entries.map(({ type, seq }) => `${type} ${seq}`)).toEqual(['compaction 8', 'user 6', 'user 7'])
  expect(compactor.isNeeded()).toBe(false)
  expect(told).toEqual(['in_progress', 'completed'])
})

test('one that makes no progress is the last: the next would not help', async () => {
  await using conversation = await open(modelSaying('y'.repeat(9 * WINDOW)), 6)
  const { compactor } = conversation
  await compactor.compact(signal)
  expect(compactor.tokens()).toBeGreaterThan(WINDOW)
  expect(compactor.isNeeded()).toBe(false)
})

test('a model that fails leaves the transcript as it was, and is not asked again', async () => {
  await using conversation = await open(modelSaying(undefined), 6)
  const { compactor, transcript, told } = conversation
  const before = transcript.entries
  await expect(compactor.compact(signal)).rejects.toThrow('The model did not summarise it')
  expect(transcript.entries).toEqual(before)
  expect(compactor.isNeeded()).toBe(false)
  expect(compactor.fits()).toBe(true)
  expect(told).toEqual(['in_progress', 'failed'])
})

test('of nothing is refused', async () => {
  await using conversation = await open(modelSaying('short'), 0)
  await expect(conversation.compactor.compact(signal)).rejects.toThrow('nothing to summarise')
})
