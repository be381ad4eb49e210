// The port of transcripts: what is kept of a conversation, and who may write it when. Types only; the promises are in docs/transcripts.md.

import type { JsonObject } from '../../../src/base/json.ts'

/** Names one conversation for ever: it is never given out twice, also not after a deletion. Sorts by creation. */
export type TranscriptId = string & { readonly __id: 'transcript' }

/** What a caller appends. `type` is 1 to 32 of a-z and _; `body` is what JSON can say. */
export interface NewEntry {
  readonly type: string
  readonly body: object
}

/** One line of the file. */
export interface Entry {
  readonly type: string
  readonly body: JsonObject
  /** 1, 2, 3 … without a gap. */
  readonly seq: number
  /** Epoch ms. */
  readonly at: number
  /** The attempt that wrote it; 0 before the first one. */
  readonly epoch: number
}

/**
 * What anybody may append at any time, also beside a running attempt: it says something about the conversation, never something that
 * was said in it. Anything else is written by attempts only.
 */
export type Note =
  | { readonly type: 'title'; readonly body: { readonly title: string } }
  | { readonly type: 'setting'; readonly body: JsonObject }
  | { readonly type: 'note'; readonly body: object }

/** The body of an entry of type `compaction`. */
export interface CompactionBody {
  /** What stands for the replaced entries; the agent's own shape. */
  readonly summary: JsonObject
  /** The entries it stands for, both ends included. They stay in the file. */
  readonly replaced: { readonly fromSeq: number; readonly toSeq: number }
  /** Byte offset of the first entry that is kept; loading starts there. */
  readonly keptFrom: number
}

export interface TranscriptSummary {
  readonly id: TranscriptId
  readonly cwd: string
  readonly title?: string
  /** Epoch ms. */
  readonly createdAt: number
  /** Epoch ms; the last time that the file was written. */
  readonly updatedAt: number
  readonly parent?: TranscriptId
}

export interface TranscriptPage {
  /** Newest first, by their last use. */
  readonly items: readonly TranscriptSummary[]
  /** Absent on the last page. */
  readonly nextCursor?: string
}

export interface ListOptions {
  /** Only those of this directory. */
  readonly cwd?: string
  /** As an earlier page gave it. BAD_REQUEST for anything else. */
  readonly cursor?: string
  /** 1 … 500; 50 unless given. */
  readonly limit?: number
}

/** All conversations of one state directory. Many processes may have it open. */
export interface TranscriptStore extends AsyncDisposable {
  /** A new conversation with a name of its own. STATE_DIR_UNSAFE, TRANSCRIPT_FAILED. */
  create(options: { readonly cwd: string }): Promise<Transcript>
  /** Reads what counts now; takes no lock and writes nothing. TRANSCRIPT_NOT_FOUND, TRANSCRIPT_NEWER, TRANSCRIPT_DAMAGED (header). */
  open(id: TranscriptId): Promise<Transcript>
  /** What can be read of the file, whatever is damaged in it, header included; nothing is checked for being whole. TRANSCRIPT_NOT_FOUND. */
  salvage(id: TranscriptId): AsyncIterable<Entry>
  list(options?: ListOptions): Promise<TranscriptPage>
  /** A copy that goes on by itself and names where it came from. As `open`; TRANSCRIPT_DAMAGED also for damage further down. */
  fork(id: TranscriptId, options: { readonly cwd: string }): Promise<Transcript>
  /** With what was put aside of it. Attempts on it find out when they write. TRANSCRIPT_NOT_FOUND, SESSION_LOCKED. */
  delete(id: TranscriptId): Promise<void>
}

/** Bytes that are not what was written. */
export interface TranscriptDamage {
  /** 1 is the header. */
  readonly line: number
  readonly reason: string
}

/** One conversation, open. Reading needs no lock. */
export interface Transcript {
  readonly id: TranscriptId
  /** Absolute, without symbolic links. */
  readonly file: string
  readonly cwd: string
  readonly createdAt: number
  readonly parent: TranscriptId | undefined
  readonly title: string | undefined
  /** The bodies of all `setting` notes, merged; of two about the same name the later one holds. */
  readonly settings: JsonObject
  /** Set when the file is damaged: it can be read around the damage, and not be written. */
  readonly damage: TranscriptDamage | undefined
  /**
   * What counts now, as last seen here: the last compaction if there is one, what it kept, and what came after. Grows in place; another
   * array after a compaction. An attempt sees at its begin and at each hold what others have written.
   */
  readonly entries: readonly Entry[]
  /** Everything that was ever said, oldest first, replaced or not, from the file; damaged lines are left out. */
  history(): AsyncIterable<Entry>
  /** Appends notes, beside whatever attempt runs. SESSION_LOCKED, TRANSCRIPT_DAMAGED, TRANSCRIPT_NOT_FOUND, TRANSCRIPT_FAILED, CANCELLED. */
  annotate(notes: readonly Note[], options?: WaitOptions): Promise<readonly Entry[]>
  /**
   * Claims the right to write (epoch + 1): an earlier attempt on this file, wherever it runs, writes nothing any more. A torn tail is
   * put aside first. Register `cleanup` in the outermost finaliser at once. Errors as `annotate`.
   */
  begin(options?: WaitOptions): Promise<AttemptLock>
  close(): Promise<void>
}

export interface WaitOptions {
  /** How long to wait for the lock; 10 s unless given. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

/**
 * The right of one attempt (one turn's work) to write, without holding the lock while the model works. Each hold looks at the fence first:
 * notes of others are merged, anything else is a takeover and rejects with TRANSCRIPT_TAKEN_OVER, then and ever after.
 */
export interface AttemptLock extends AsyncDisposable {
  readonly epoch: number
  /** Aborts at a takeover that was seen, and at cleanup. Everything that the attempt starts listens to it. */
  readonly signal: AbortSignal
  /** One hold, one write. Resolves with the entries as they are stored. TRANSCRIPT_TAKEN_OVER, SESSION_LOCKED, TRANSCRIPT_FAILED. */
  append(entries: readonly NewEntry[]): Promise<readonly Entry[]>
  /** Replaces what counts before `keepFromSeq` by a summary. `keepFromSeq` = last seq + 1 keeps nothing. Errors as `append`. */
  compact(compaction: { readonly summary: object; readonly keepFromSeq: number }): Promise<Entry>
  /** Runs `body` under the lock, for work that must read and write in one piece. Keep it short: it is revoked after `holdMsMax`. */
  hold<T>(stage: string, body: (held: HeldTranscript) => T | Promise<T>): Promise<T>
  /** What was appended survives the machine. At the end of each turn. */
  sync(): Promise<void>
  /** `hook` ends something that the signal does not reach, such as a child process. Called once, at takeover or cleanup. */
  onCancel(hook: CancelHook): Disposable
  /**
   * Ends the attempt; idempotent. When it resolves, the lock is free, whatever a hung body does, and the cancel hooks had their time.
   * Later writes of the attempt reject with TRANSCRIPT_TAKEN_OVER.
   */
  cleanup(reason: string): Promise<CleanupReport>
}

export type CancelHook = (reason: string) => void | Promise<void>

/** The file while the lock is held. Every member rejects or throws TRANSCRIPT_TAKEN_OVER once the hold is over or was revoked. */
export interface HeldTranscript {
  readonly entries: readonly Entry[]
  readonly signal: AbortSignal
  append(entries: readonly NewEntry[]): readonly Entry[]
  compact(compaction: { readonly summary: object; readonly keepFromSeq: number }): Entry
}

export interface CleanupReport {
  /** Holds that were still there and were taken away; none in the ordinary case. */
  readonly abandoned: readonly { readonly stage: string; readonly heldMs: number }[]
  /** Cancel hooks that failed or were too slow. */
  readonly hooksFailed: number
}

export interface HoldOptions extends WaitOptions {
  /** What is done, for messages. */
  readonly stage: string
  /** The hold is revoked after this; 5 s unless given. */
  readonly holdMsMax?: number
  /** Share the hold of this async context when it has one on the same file. Otherwise a nested hold waits like any other. */
  readonly nested?: boolean
}

/** One hold of the lock. Over when released or revoked; then every later call says so, and never touches a newer hold. */
export interface LockHold extends Disposable {
  readonly isHeld: boolean
  /** Aborts when the hold is revoked. */
  readonly signal: AbortSignal
  /** Throws TRANSCRIPT_TAKEN_OVER when it is over. Before each write. */
  assertHeld(): void
  /** Idempotent. */
  release(): void
  /** Takes the hold away from its body: the lock is free at once. False when it was over already. */
  revoke(reason: string): boolean
}

/** Exclusive right to write one file (by device and inode), over all processes of this machine and inside this one. */
export interface SessionLock {
  /** SESSION_LOCKED with the holder after `waitMs`; CANCELLED. */
  acquire(options: HoldOptions): Promise<LockHold>
  /** Acquires, runs `body` in an async context that knows of the hold, releases. */
  hold<T>(options: HoldOptions, body: (hold: LockHold) => T | Promise<T>): Promise<T>
}
