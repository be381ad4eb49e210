// Questions to a person: a form with every kind of field, a page, and requests that the agent itself takes back.

import type { CreateElicitationRequest, RequestError } from '@agentclientprotocol/sdk/unstable'

import type { Turn } from './turn.ts'

type RequestedSchema = Extract<CreateElicitationRequest, { mode: 'form' }>['requestedSchema']

const SCHEMA = {
  type: 'object',
  title: 'About the release',
  description: null,
  properties: {
    name: {
      type: 'string',
      title: 'Name',
      description: null,
      minLength: 2,
      maxLength: 20,
      pattern: null,
      default: null,
    },
    mail: { type: 'string', format: 'email', default: 'a@peer.test' },
    level: {
      type: 'string',
      oneOf: [
        { const: 'lo', title: 'Low' },
        { const: 'hi', title: 'High' },
      ],
      default: 'lo',
    },
    share: { type: 'number', minimum: 0, maximum: 1 },
    count: { type: 'integer', minimum: 1, maximum: null, default: 3 },
    isPublic: { type: 'boolean', title: 'Public', default: false },
    colours: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string', enum: ['red', 'green', 'blue'] } },
    sizes: {
      type: 'array',
      items: {
        anyOf: [
          { const: 's', title: 'Small' },
          { const: 'l', title: 'Large' },
        ],
      },
      default: null,
    },
  },
  required: ['name', 'colours'],
} satisfies RequestedSchema

export async function askForm(turn: Turn): Promise<void> {
  const { sessionId } = turn
  const given = { sessionId, toolCallId: null, mode: 'form', message: 'What is it?', requestedSchema: SCHEMA } as const
  const answer = await turn.client.request('elicitation/create', given)
  const empty = { sessionId, mode: 'form', message: 'Really?', requestedSchema: { required: null } } as const
  await turn.report([answer, await turn.client.request('elicitation/create', empty)])
}

export async function askOnPage(turn: Turn): Promise<void> {
  const { sessionId } = turn
  const [elicitationId, url] = ['page-1', 'https://peer.test/sign-in?state=abc%20d#top']
  const asked = { sessionId, mode: 'url', message: 'Please sign in', elicitationId, url } as const
  const answer = await turn.client.request('elicitation/create', asked)
  await turn.client.notify('elicitation/complete', { elicitationId })
  await turn.report(answer)
}

/** Both are taken back with $/cancel_request before anybody can have answered. */
export async function askWithdrawn(turn: Turn): Promise<void> {
  const { sessionId } = turn
  const toolCall = { toolCallId: 'withdrawn', title: 'Think again' }
  const options = [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }] as const
  const permission = takenBack((how) =>
    turn.client.request('session/request_permission', { sessionId, toolCall, options: [...options] }, how),
  )
  const question = takenBack((how) =>
    turn.client.request(
      'elicitation/create',
      { sessionId, mode: 'form', message: 'Well?', requestedSchema: SCHEMA },
      how,
    ),
  )
  await turn.report([await permission, await question])
}

async function takenBack(ask: (how: { cancellationSignal: AbortSignal }) => Promise<unknown>): Promise<unknown> {
  const abort = new AbortController()
  const answer = ask({ cancellationSignal: abort.signal })
  setImmediate(() => abort.abort())
  return answer.catch(({ code }: RequestError) => code)
}
