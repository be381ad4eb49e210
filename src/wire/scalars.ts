// The small types that every resource of the API is made of: nullable values, times, names with a fixed set of values.

import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'

/** The wire says `null`, never nothing: a client sees every field that exists. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** RFC 3339, UTC, with milliseconds. */
export const Time = Type.String({ format: 'date-time' })

export const SessionMode = Type.Enum(['persistent', 'oneshot'])
export const SessionState = Type.Enum(['open', 'closing', 'closed'])
export const OnInterrupt = Type.Enum(['hold', 'continue', 'retry'])
/** What a parent is told of the turns of a session; `prompt`: besides the event, a prompt to act on it. */
export const NotifyPolicy = Type.Enum(['silent', 'done_only', 'state_changes', 'prompt'])
/** What happens to a permission request that no rule is about. */
export const PermissionMode = Type.Enum(['ask', 'approve-reads', 'approve-all', 'deny-all'])
export type PermissionMode = Static<typeof PermissionMode>
/** What happens to one that waits for a person while no client is there. */
export const Unattended = Type.Enum(['ask', 'deny', 'fail'])
export type Unattended = Static<typeof Unattended>
/** Class of admission of a turn. */
export const Lane = Type.Enum(['interactive', 'background', 'scheduled'])
/** What becomes of a prompt for a session that is busy. */
export const WhenBusy = Type.Enum(['queue', 'interrupt', 'steer', 'reject'])
export const Delivery = Type.Enum(['no', 'yes', 'unknown'])

/** Opaque place in a list; comes from `next_cursor` of the page before. */
export const Cursor = Type.String({ minLength: 1, maxLength: 64 })

export const PageLimit = Type.Integer({ minimum: 1, maximum: 200 })
