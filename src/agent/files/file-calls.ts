// The fs/* requests of one connection between their line and their answer. Lines from the first open one on are not acknowledged:
// a text may be too long to be pinned, and the next life of the gateway reads its line again.

import { isFileMethod } from '../../acp/file-requests.ts'
import { answerFrame } from '../../acp/peer.ts'
import type { RpcId } from '../../acp/peer.ts'
import { assert } from '../../base/assert.ts'
import { ignore } from '../../base/deadline.ts'
import type { StopReport } from '../../keeper/agent-host.ts'
import type { AskedOfUs, RequestServer, ServerPorts } from '../link/request-server.ts'
import type { FileAsked, SessionFiles } from './session-files.ts'

export class FileCalls implements RequestServer {
  readonly #files: SessionFiles
  readonly #ports: ServerPorts

  constructor(files: SessionFiles, ports: ServerPorts) {
    this.#files = files
    this.#ports = ports
  }

  serves(method: string): boolean {
    return isFileMethod(method) && this.#files.serves(method)
  }

  /** The host writes no answer twice. */
  take(id: RpcId, { method, params, line }: AskedOfUs): void {
    const { peer, process } = this.#ports
    assert(isFileMethod(method), 'only what is served is taken')
    if (process.wasWritten(answerFrame(line))) return peer.respond(id, {}) // never written
    this.#answer(id, { method, params, line }).catch(ignore('answer() does not reject'))
  }

  /** Its answer is on the way. */
  withdraw(): void {}

  /** Nothing that is open is acknowledged: see `take`. */
  pinUpTo(): void {}

  async release(): Promise<readonly StopReport[]> {
    await this.#files.release()
    return []
  }

  async #answer(id: RpcId, asked: FileAsked): Promise<void> {
    const { peer, withhold } = this.#ports
    using _withheld = withhold(asked.line)
    const answer = await this.#files.answer(asked)
    if (answer.kind === 'result') peer.respond(id, answer.result)
    else peer.respondError(id, answer.error)
  }
}
