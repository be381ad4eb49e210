// The one shape of every error answer. Clients branch on `code`, never on the message.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { nullable } from './scalars.ts'

export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      code: Type.String(),
      message: Type.String(),
      details: Type.Record(Type.String(), Type.Unknown()),
      retryable: Type.Boolean(),
      retry_after_ms: nullable(Type.Integer({ minimum: 0 })),
      /** Also in the header `x-request-id` and in the gateway's log. */
      request_id: Type.String(),
    }),
  },
  { title: 'Error' },
)
export type ErrorBody = Static<typeof ErrorBody>

/** An error that belongs to something stored, such as the outcome of a turn. */
export const ErrorView = Type.Object({
  code: Type.String(),
  message: Type.String(),
  details: Type.Record(Type.String(), Type.Unknown()),
  retryable: Type.Boolean(),
})
export type ErrorView = Static<typeof ErrorView>
