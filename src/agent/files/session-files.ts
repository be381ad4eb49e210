// The files of a session as its agent gets them: fs/read_text_file and fs/write_text_file (C-60 to C-62, reliability 7.2).
// Serves one request after the other, so that they take effect in wire order. Knows no connection: it gives answers.

import { createHash } from 'node:crypto'

import { narrowReadFile, narrowWriteFile } from '../../acp/file-requests.ts'
import type { FileMethod, NarrowedFile, ReadFile, WriteFile } from '../../acp/file-requests.ts'
import { RPC_CODES } from '../../acp/rpc.ts'
import type { RpcErrorBody } from '../../acp/rpc.ts'
import { deadline, ignore } from '../../base/deadline.ts'
import { DeadlineError } from '../../base/errors.ts'
import type { AgentSessionId, SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import { FileRefusal, notGiven, notThere, systemRefusal } from './file-refusal.ts'
import type { HeldEntry } from './held-entry.ts'
import { OWN, OwnGuard } from './own-places.ts'
import type { OwnPlaces } from './own-places.ts'
import { readText } from './read-text.ts'
import { PATH_BYTES_MAX, Roots } from './roots.ts'
import { walkTo } from './walk.ts'
import { removeDrafts, writeText } from './write-text.ts'

export interface FileGround {
  readonly access: 'read' | 'write'
  /** Of the session: its working directory, and what was added. */
  readonly directories: readonly string[]
  readonly own: OwnPlaces
  readonly sessionId: SessionId
  readonly generation: number
  /** Of the session, for a process of an earlier life of the gateway; 0: it was started by this one. */
  readonly life: number
}

export interface FileAsked {
  readonly method: FileMethod
  readonly params: JsonObject
  readonly line: number
}

export type FileAnswer =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly error: RpcErrorBody }

/** From the line of a request to its answer, its place in the queue included. */
export const FILE_MS_MAX = 30_000
/** A system that does not answer keeps nobody from stopping. */
const RELEASE_MS_MAX = 2_000

/** Modes: serving, then for ever ended by `release`. */
export class SessionFiles {
  readonly #ground: FileGround
  readonly #roots: Promise<Roots>
  readonly #end = new AbortController()
  /** Drafts of this process begin with it, those of this life with more. */
  readonly #draftPrefix: string
  #sessionId: AgentSessionId | undefined
  #last: Promise<unknown> = Promise.resolve()
  /** An earlier life may have died in a write: the first that is not answered, so the first that is read again. */
  #mayHaveLeftDrafts: boolean

  constructor(ground: FileGround) {
    const { life, directories } = ground
    this.#ground = ground
    this.#roots = Roots.pin(directories)
    this.#draftPrefix = draftPrefix(ground)
    this.#mayHaveLeftDrafts = life > 0
  }

  /** What the agent calls its session. Before that it is being opened, and the connection has no other. */
  opened(sessionId: AgentSessionId): void {
    this.#sessionId = sessionId
  }

  serves(method: FileMethod): boolean {
    return method === 'fs/read_text_file' || this.#ground.access === 'write'
  }

  /** Never rejects. A write that is asked for again, in any life of the gateway, puts the same text there. */
  async answer({ method, params, line }: FileAsked): Promise<FileAnswer> {
    const path = typeof params['path'] === 'string' ? params['path'].slice(0, PATH_BYTES_MAX) : ''
    try {
      if (method === 'fs/read_text_file') {
        const request = this.#narrowed(narrowReadFile(params))
        return result(await this.#inTurn(method, (signal) => this.#read(request, signal)))
      }
      const request = this.#narrowed(narrowWriteFile(params))
      return result(await this.#inTurn(method, (signal) => this.#write(request, line, signal)))
    } catch (error) {
      return { kind: 'error', error: bodyOf(path, error) }
    }
  }

  /** Nothing is written any more once it resolves, unless the system itself does not answer. Never rejects. */
  async release(): Promise<void> {
    this.#end.abort()
    await deadline(this.#last, { ms: RELEASE_MS_MAX, stage: 'files' }).catch(ignore('it is left behind'))
  }

  #narrowed<T extends ReadFile | WriteFile>(narrowed: NarrowedFile<T>): T {
    if (narrowed.kind === 'malformed') throw new FileRefusal(RPC_CODES.invalidParams, narrowed.reason)
    const { sessionId } = narrowed.request
    if (this.#sessionId !== undefined && sessionId !== this.#sessionId)
      throw new FileRefusal(RPC_CODES.resourceNotFound, 'there is no such session', { sessionId })
    return narrowed.request
  }

  async #inTurn(stage: string, run: (signal: AbortSignal) => Promise<JsonObject>): Promise<JsonObject> {
    const late = new AbortController()
    const signal = AbortSignal.any([this.#end.signal, late.signal])
    const work = this.#last.then(() => {
      signal.throwIfAborted()
      return run(signal)
    })
    // Work that was given up changes nothing any more; the next does not wait for it.
    const done = deadline(work, { ms: FILE_MS_MAX, stage }).finally(() => late.abort())
    this.#last = done.catch(ignore('it is answered'))
    return done
  }

  async #read(request: ReadFile, signal: AbortSignal): Promise<JsonObject> {
    const { path } = request
    const { roots, guard } = await this.#look()
    await using place = await walkTo({ path, use: 'read', roots, guard, signal })
    const { entry } = place
    if (entry === undefined) throw notThere(path)
    await assertNotOwn(path, entry, guard)
    return { content: await readText(path, entry, request, signal) }
  }

  async #write({ path, content }: WriteFile, line: number, signal: AbortSignal): Promise<JsonObject> {
    const { roots, guard } = await this.#look()
    await using place = await walkTo({ path, use: 'write', roots, guard, signal })
    if (place.entry !== undefined) await assertNotOwn(path, place.entry, guard)
    if (this.#mayHaveLeftDrafts) {
      await removeDrafts(place.folder, (name) => name.startsWith(this.#draftPrefix)).catch(ignore('it is only litter'))
      this.#mayHaveLeftDrafts = false
    }
    const draftName = `${this.#draftPrefix}${this.#ground.life}-${line}.tmp`
    await writeText(place, { path, content, draftName, signal })
    return {}
  }

  async #look(): Promise<{ roots: Roots; guard: OwnGuard }> {
    const [roots, guard] = await Promise.all([this.#roots, OwnGuard.look(this.#ground.own)])
    return { roots, guard }
  }
}

/** Of the names that texts of one agent process have before they are whole: in no two processes the same. */
export function draftPrefix({ sessionId, generation }: Pick<FileGround, 'sessionId' | 'generation'>): string {
  const tag = createHash('sha256').update(`${sessionId} ${generation}`).digest('hex')
  return `.holdfast-${tag.slice(0, 12)}-`
}

function result(value: JsonObject): FileAnswer {
  return { kind: 'result', result: value }
}

async function assertNotOwn(path: string, entry: HeldEntry, guard: OwnGuard): Promise<void> {
  if (entry.stat.nlink > 1 && (await guard.isOwnFile(entry))) throw notGiven(path, OWN)
}

function bodyOf(path: string, error: unknown): RpcErrorBody {
  if (error instanceof FileRefusal) return error.body
  if (error instanceof DeadlineError)
    return { code: RPC_CODES.internalError, message: `${path}: the system did not answer in time`, data: { path } }
  return systemRefusal(path, error).body
}
