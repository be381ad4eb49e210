// The port of the one write connection, and how its failures are told apart.
// Refused (the caller's rows broke a rule), busy (somebody else holds the lock), full (no room on the disk), damaged (STORE_DAMAGED: what
// is read is not what was written), failed (STORE_FAILED: the device).

import { HoldfastError } from '../base/errors.ts'
import type { Executor } from './statement.ts'
import type { Durability } from './store.ts'

/** One transaction at a time; who calls `begin` calls `commit` or `rollback` before the next `begin`. */
export interface WriteConnection extends Executor {
  /** Throws ConnectionBusyError when the lock is held elsewhere; nothing has begun then. */
  begin(durability: Durability): void | Promise<void>
  commit(): void | Promise<void>
  rollback(): void | Promise<void>
  /** Makes sure, as far as the device lets it, that a commit which failed is not found by the next open. Nothing is synced again. */
  takeBack(): void | Promise<void>
  /** One level only: a savepoint ends with `release` or `rollbackToSavepoint`. */
  savepoint(): void | Promise<void>
  release(): void | Promise<void>
  rollbackToSavepoint(): void | Promise<void>
}

/** A constraint of the schema refused a row. Undoes its caller's writes only. */
export class RowRefusedError extends Error {
  override readonly name = 'RowRefusedError'
}

/** The write lock is held by another connection. The same call may work a moment later. */
export class ConnectionBusyError extends Error {
  override readonly name = 'ConnectionBusyError'
}

/** There was no room for a write. Nothing of its transaction is there, and no fsync has failed: with more room it may be tried again. */
export class DiskFullError extends Error {
  override readonly name = 'DiskFullError'
}

export function isConnectionFailure(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'STORE_FAILED'
}
