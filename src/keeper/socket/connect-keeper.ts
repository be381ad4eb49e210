// How a gateway comes to talk to one keeper: a socket that only we can have made, then hello and welcome.

import { createConnection } from 'node:net'

import { deadline } from '../../base/deadline.ts'
import { KeeperLink, type KeeperAddress, type KeeperLinkPorts } from './keeper-link.ts'
import { assertPrivateSocket } from './private-socket.ts'

/** Whoever does not welcome us in time is ended with its agents: longer than a busy machine takes. */
const CONNECT_MS_MAX = 5_000

/** Resolves when the keeper has let us in. Rejects with STATE_DIR_UNSAFE, KEEPER_UNAVAILABLE or KEEPER_PROTOCOL_ERROR. */
export async function connectKeeper(address: KeeperAddress, ports: KeeperLinkPorts): Promise<KeeperLink> {
  assertPrivateSocket(address.socket)
  const socket = createConnection(address.socket)
  const link = new KeeperLink(socket, ports)
  try {
    await deadline(link.greet(address), { ms: CONNECT_MS_MAX, stage: 'welcome of the keeper' })
    return link
  } catch (error) {
    link.close()
    throw error
  }
}
