// Looks at prompts: plain, with an image, with a tool that asks, cancelled, and whether it knows what was said before.

import { readFile, rm } from 'node:fs/promises'

import { deadline, firstOf, ignore } from '../base/deadline.ts'
import { DeadlineError } from '../base/errors.ts'
import type { Bench } from './bench.ts'
import { FILE_CONTENT, imageBlock, REMEMBERED, textBlock } from './probe-prompts.ts'
import type { ProbeFile } from './probe-prompts.ts'
import { failed, no, untested, yes } from './report.ts'
import type { Seen } from './report.ts'
import { runTurn } from './turn.ts'
import type { TurnSeen } from './turn.ts'

const WORDS_CHARS = 60

export async function lookAtPrompt({ agent, prompts, options }: Bench, sessionId: string): Promise<Seen> {
  return judgeAnswer(await runTurn(agent, { sessionId, prompt: [textBlock(prompts.plain)] }, options))
}

export async function lookAtImage({ agent, prompts, options }: Bench, sessionId: string): Promise<Seen> {
  return judgeAnswer(await runTurn(agent, { sessionId, prompt: [textBlock(prompts.image), imageBlock()] }, options))
}

function judgeAnswer({ stopReason, text }: TurnSeen): Seen {
  if (stopReason !== 'end_turn') return failed(`the turn ended with ${stopReason}`)
  return text.trim() === '' ? failed('the turn ended without a word') : yes(`end_turn, "${excerpt(text)}"`)
}

/** Once only: an answer for good would outlive the report. */
const CHOICES = { allow: 'allow_once', deny: 'reject_once' } as const

/** The file has to be there exactly when it was allowed. */
export async function lookAtPermission(bench: Bench, sessionId: string, answer: 'allow' | 'deny'): Promise<Seen> {
  const { agent, prompts, options } = bench
  const name: ProbeFile = answer === 'allow' ? 'allowed.txt' : 'denied.txt'
  const file = prompts.file(name)
  await rm(file, { force: true })
  const prompt = [textBlock(prompts.write(name))]
  const turn = await runTurn(agent, { sessionId, prompt, choose: CHOICES[answer] }, options)
  const content = await readFile(file, 'utf8').catch(() => undefined)
  return judgePermission(turn, { answer, content })
}

function judgePermission(
  { asked, chosen, toolCalls, stopReason }: TurnSeen,
  { answer, content }: { answer: 'allow' | 'deny'; content: string | undefined },
): Seen {
  if (asked.length === 0) {
    if (content !== undefined) return no('not asked: it wrote the file')
    return untested(toolCalls === 0 ? 'it used no tool' : 'it used tools, asked nothing and wrote no file')
  }
  const offered = asked[0]?.join(', ') ?? ''
  if (chosen === undefined) return failed(`no option to ${answer} once; it offers ${offered || 'none'}`)
  const how = `${chosen}, then ${stopReason}`
  if (answer === 'deny') return content === undefined ? yes(how) : failed(`${how}: it wrote the file all the same`)
  if (content === undefined) return failed(`${how}: the file is not there`)
  return content.includes(FILE_CONTENT) ? yes(how) : failed(`${how}: the file has other content`)
}

/** An agent that says nothing for so long is cancelled all the same. */
const FIRST_WORD_MS = 5_000
/** A short answer is over by then: a cancel that crosses its end proves nothing. */
const SETTLED_MS = 300
const CANCEL_MS = 15_000

export async function lookAtCancel({ agent, prompts, options }: Bench, sessionId: string): Promise<Seen> {
  const word = Promise.withResolvers<void>()
  const prompt = [textBlock(prompts.long)]
  const turn = runTurn(agent, { sessionId, prompt, onWord: word.resolve }, options)
  if (await endsBefore(turn, word.promise, options.signal)) return untested('it had answered before it was cancelled')
  const cancelledAt = performance.now()
  agent.tell('session/cancel', { sessionId })
  const { stopReason } = await deadline(turn, { ms: CANCEL_MS, stage: 'session/cancel', signal: options.signal })
  const after = `${stopReason} after ${Math.round(performance.now() - cancelledAt)} ms`
  return stopReason === 'cancelled' ? yes(after) : failed(`${after} instead of cancelled`)
}

/** Whether the turn is over when it is time to cancel it: a moment after its first word. Rejects as the turn does. */
async function endsBefore(turn: Promise<unknown>, word: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const ended = turn.then(() => true)
  ended.catch(ignore('whoever awaits the turn hears of it'))
  await deadline(firstOf<unknown>([ended, word]), { ms: FIRST_WORD_MS, stage: 'first word', signal }).catch(
    (error: unknown) => {
      if (!(error instanceof DeadlineError)) throw error
    },
  )
  return deadline(ended, { ms: SETTLED_MS, stage: 'end of the turn', signal }).catch((error: unknown) => {
    if (error instanceof DeadlineError && error.details['stage'] === 'end of the turn') return false
    throw error
  })
}

/** Whether it knows what was said in an earlier process. */
export async function lookAtMemory({ agent, prompts, options }: Bench, sessionId: string): Promise<Seen> {
  const { text } = await runTurn(agent, { sessionId, prompt: [textBlock(prompts.recall)] }, options)
  if (text.toLowerCase().includes(REMEMBERED)) return yes('it knows what was said before')
  return failed(`opened, but it does not know what was said: "${excerpt(text)}"`)
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > WORDS_CHARS ? `${line.slice(0, WORDS_CHARS)}…` : line
}
