// What a turn can do, by the word in its prompt.

import { RequestError } from '@agentclientprotocol/sdk/unstable'

import { askForm, askOnPage, askWithdrawn } from './asked-questions.ts'
import { runTerminals } from './terminals.ts'
import { tellEverything } from './told-updates.ts'
import type { Turn } from './turn.ts'

type Deed = (turn: Turn, words: string) => Promise<void>

export const DEEDS: Readonly<Record<string, Deed>> = {
  echo: (turn, words) => turn.say(`You said: ${words}`, turn.params._meta ?? null),
  everything: tellEverything,
  permission: (turn) => askPermission(turn),
  later: askLater,
  withdrawn: askWithdrawn,
  form: askForm,
  page: askOnPage,
  files: useFiles,
  terminals: runTerminals,
  wait: waitForCancel,
  deaf: waitForWithdrawal,
  fail: () => Promise.reject(new RequestError(-32603, 'The model is away', { of: 'the peer' })),
  session: (turn) => turn.report(turn.session),
  recall: (turn) => turn.say(JSON.stringify(turn.session.told.map(({ sessionUpdate }) => sessionUpdate))),
  extension: askExtension,
}

/** The call is told, then time goes by until a question is answered, and only then its permission is asked for. */
async function askLater(turn: Turn): Promise<void> {
  const toolCallId = await tellCall(turn)
  const question = { mode: 'form', message: 'Go on?', requestedSchema: {} } as const
  await turn.client.request('elicitation/create', { sessionId: turn.sessionId, ...question })
  await askPermission(turn, toolCallId)
}

async function tellCall(turn: Turn): Promise<string> {
  const toolCallId = `call-${turn.session.told.length}`
  await turn.tell({ sessionUpdate: 'tool_call', toolCallId, title: 'Write a.txt', kind: 'edit', status: 'pending' })
  return toolCallId
}

async function askPermission(turn: Turn, told?: string): Promise<void> {
  const toolCallId = told ?? (await tellCall(turn))
  const { outcome } = await turn.client.request('session/request_permission', {
    sessionId: turn.sessionId,
    toolCall: { toolCallId, title: null, status: null, content: null, locations: null },
    options: [
      { optionId: 'yes', name: 'Yes', kind: 'allow_once', _meta: null },
      { optionId: 'always', name: 'Always', kind: 'allow_always' },
      { optionId: 'no', name: 'No', kind: 'reject_once' },
    ],
  })
  const isAllowed = outcome.outcome === 'selected' && outcome.optionId !== 'no'
  await turn.tell({ sessionUpdate: 'tool_call_update', toolCallId, status: isAllowed ? 'completed' : 'failed' })
  await turn.report(outcome)
}

async function useFiles(turn: Turn, words: string): Promise<void> {
  const { sessionId } = turn
  const [, path = '', outside = ''] = /@files (\S+) (\S+)/.exec(words) ?? []
  const written = await turn.client.request('fs/write_text_file', { sessionId, path, content: 'one\ntwo\nthree\n' })
  const whole = await turn.client.request('fs/read_text_file', { sessionId, path, line: null, limit: null })
  const second = await turn.client.request('fs/read_text_file', { sessionId, path, line: 2, limit: 1 })
  const refusals = [outside, `${path}.missing`].map((other) =>
    turn.client
      .request('fs/read_text_file', { sessionId, path: other })
      .then(JSON.stringify, ({ code }) => Number(code)),
  )
  await turn.report({ written, whole, second, refused: await Promise.all(refusals) })
}

async function waitForCancel(turn: Turn): Promise<void> {
  await turn.say('waiting')
  await aborted(turn.cancelled)
  await turn.say(' until cancelled')
  throw new Error('cancelled')
}

/** Hears no session/cancel. */
async function waitForWithdrawal(turn: Turn): Promise<void> {
  await turn.say('waiting')
  await aborted(turn.withdrawn)
  throw new Error('taken back')
}

async function askExtension(turn: Turn): Promise<void> {
  await turn.client.notify('_peer.test/news', { sessionId: turn.sessionId, what: 'news' })
  const answer = turn.client.request('_peer.test/unknown', { sessionId: turn.sessionId })
  await turn.report({ code: await answer.catch(({ code }: RequestError) => code) })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
