// The database on the wire: a backup, a check, and the log of a session as it is exported.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { EVENT_PAGE_MAX } from './event.ts'
import { nullable } from './scalars.ts'

export const BackupCreate = Type.Object(
  {
    /** Absolute path of the file, on the machine of the gateway and outside of its state directory. */
    path: Type.String({ minLength: 1, maxLength: 4096 }),
    /** Replace a file of that name, once the copy is verified. */
    replace: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type BackupCreate = Static<typeof BackupCreate>

export const BackupDone = Type.Object(
  {
    path: Type.String(),
    bytes: Type.Integer(),
    /** Sessions in quarantine: they are in it as they are. */
    quarantined: Type.Integer(),
  },
  { title: 'Backup' },
)
export type BackupDone = Static<typeof BackupDone>

export const VerifyStart = Type.Object({}, { additionalProperties: false })

export const VerifyDone = Type.Object({
  /** One line each; empty: everything is as it was written. */
  problems: Type.Array(Type.String()),
})
export type VerifyDone = Static<typeof VerifyDone>

export const ExportQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: EVENT_PAGE_MAX })),
  },
  { additionalProperties: false },
)
export type ExportQuery = Static<typeof ExportQuery>

/** A part of an export. `lines` go into the file as they are: events with their bytes, and in their place those that cannot be read. */
export const ExportPage = Type.Object({
  lines: Type.Array(Type.String()),
  /** `after` of the next page; null: this was the last. */
  next_after: nullable(Type.Integer()),
})
export type ExportPage = Static<typeof ExportPage>
