// The part of a schedule that is about questions: what agents ask, how people answer, and what whoever holds a process knows of it.

import type { ElicitationId } from '../../src/base/ids.ts'
import type { ElicitationAnswer } from '../../src/agent/elicitations/elicitation.ts'
import type { HeldElicitations } from '../../src/session/elicitations/recover-elicitations.ts'
import type { Input } from '../../src/session/input.ts'
import type { ReplyTo } from '../../src/session/state.ts'
import type { ModelElicitations } from './model-elicitations.ts'
import type { Line } from './pipe.ts'
import type { Random } from './random.ts'
import type { ScriptedProcess } from './scripted-process.ts'

type Asked = Extract<Input, { kind: 'agent.elicitation' }>
type Request = Extract<Line, { kind: 'agent.permission' | 'agent.elicitation' }>

const FORM: Asked['elicitation'] = {
  mode: 'form',
  message: 'which one?',
  toolCallId: undefined,
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
}

const ANSWERS: readonly [ElicitationAnswer, ...ElicitationAnswer[]] = [
  { action: 'accept', content: { name: 'x' } },
  { action: 'accept', content: { name: 'x' } },
  { action: 'accept', content: { other: 1 } },
  { action: 'accept', content: undefined },
  { action: 'decline' },
  { action: 'cancel' },
]

export function isRequest(input: Input): input is Request {
  return input.kind === 'agent.permission' || input.kind === 'agent.elicitation'
}

/** A form, or a URL that has the name of its request. */
export function question(random: Random, name: string): Asked['elicitation'] {
  if (random.chance(0.7)) return FORM
  return { mode: 'url', message: 'log in', toolCallId: undefined, url: 'https://example.com/', elicitationId: name }
}

export function answerTo(random: Random, elicitationId: ElicitationId, reply: ReplyTo): Input {
  return { kind: 'answer_elicitation', reply, elicitationId, answer: random.pick(ANSWERS), answeredBy: 'sim' }
}

/** As held-agents.ts reads it. */
export function heldElicitations(
  { rows }: ModelElicitations,
  { generation, pipe }: Pick<ScriptedProcess, 'generation' | 'pipe'>,
): HeldElicitations {
  const ended = [...rows.values()].filter((one) => one.generation === generation && one.state !== 'open')
  return {
    untold: ended.filter((one) => !pipe.wasWritten(`a${one.line}`)),
    awaited: ended.filter(
      ({ mode, action, completedAt }) => mode === 'url' && action === 'accept' && completedAt === undefined,
    ),
  }
}
