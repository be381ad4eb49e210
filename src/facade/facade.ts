// Every editor that is connected, and which sessions they have open. Owns the connections; the transports are api/acp/'s.

import type { SessionId } from '../base/ids.ts'
import type { AttachedSession } from './attached-session.ts'
import { EditorConnection } from './editor-connection.ts'
import { SESSION_ID } from './params.ts'
import type { CloseReason, ConnectionOrigin, ConnectionWishes, EditorTransport, FacadePorts } from './ports.ts'

export class Facade {
  readonly #ports: FacadePorts
  readonly #connections = new Set<EditorConnection>()

  constructor(ports: FacadePorts) {
    this.#ports = ports
  }

  /** An editor has come; its transport gives what it says to `receive` and calls `close` when it has gone. */
  open(transport: EditorTransport, wishes: ConnectionWishes, { isSameUser }: ConnectionOrigin): EditorConnection {
    const connection: EditorConnection = new EditorConnection(this.#ports, {
      transport,
      wishes,
      isSameUser,
      closed: () => this.#connections.delete(connection),
      others: (id) => this.#others(connection, id),
    })
    this.#connections.add(connection)
    return connection
  }

  /** Whether there is a session with this id, open or closed. */
  async hasSession(id: string): Promise<boolean> {
    if (!SESSION_ID.test(id)) return false
    return this.#ports.service.get(id).then(
      () => true,
      () => false,
    )
  }

  /** Ends all that are connected now; their sessions and turns go on. */
  closeAll(reason: CloseReason): void {
    for (const connection of this.#connections) connection.end(reason)
  }

  /** The same session in other editors. */
  #others(own: EditorConnection, id: SessionId): AttachedSession[] {
    return [...this.#connections].flatMap((connection) => {
      const attached = connection === own ? undefined : connection.sessions.get(id)
      return attached === undefined ? [] : [attached]
    })
  }
}
