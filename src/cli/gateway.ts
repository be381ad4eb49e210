// The way from a command to the gateway: socket, token, client. Starts a gateway when none listens and the command may.

import { connect } from 'node:net'

import { deadline, pause } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import { HoldfastClient } from '../client/client.ts'
import { pathsOf } from '../config/paths.ts'
import type { Paths } from '../config/paths.ts'
import { isRestartMarked } from '../config/restart-mark.ts'
import { readToken } from '../config/token.ts'
import type { CommandContext } from './context.ts'
import { createSocketTransport } from './socket-transport.ts'

export interface Gateway extends Disposable {
  readonly client: HoldfastClient
  readonly paths: Paths
}

const CONNECT_MS = 5_000
const COMES_BACK_POLL_MS = 25

/**
 * A client of the gateway of this user. GATEWAY_UNREACHABLE when none listens and none may be started, GATEWAY_START_FAILED when
 * one did not become ready, TOKEN_FILE_UNSAFE, CONFIG_INVALID. One that restarts is waited for: it says for how long at most.
 */
export async function openGateway(context: CommandContext): Promise<Gateway> {
  const paths = pathsOf(context.deps.env)
  const transport = createSocketTransport(paths.socket)
  const client = new HoldfastClient({ transport, token: () => readToken(paths.tokenFile) })
  try {
    if (!(await isListening(paths.socket)) && !(await comesBack(context, paths))) await start(context, client, paths)
    return { client, paths, [Symbol.dispose]: () => transport[Symbol.dispose]() }
  } catch (error) {
    transport[Symbol.dispose]()
    throw error
  }
}

async function start({ deps, screen, mayStart }: CommandContext, client: HoldfastClient, paths: Paths): Promise<void> {
  if (!mayStart) throw new HoldfastError('GATEWAY_UNREACHABLE', { address: paths.socket })
  const { startGateway } = await import('./gateway-start.ts')
  await startGateway({
    start: () => deps.startGateway(),
    // In safe mode it answers, and says what can be done.
    isReady: async () => ['ready', 'safe_mode'].includes((await client.readiness()) ?? ''),
    note: (text) => screen.note(text),
  })
}

/** Another gateway, started now, could take the lock before the next life of the one that restarts. */
async function comesBack({ screen }: CommandContext, { runDir, socket }: Paths): Promise<boolean> {
  const isExpected = (): boolean => isRestartMarked(runDir, Date.now())
  if (!isExpected()) return false
  screen.note('the gateway restarts; waiting for it')
  while (isExpected()) {
    if (await isListening(socket)) return true
    await pause(COMES_BACK_POLL_MS)
  }
  return isListening(socket)
}

/** False when there is no socket or nobody behind it; GATEWAY_UNREACHABLE when it cannot be reached for another reason. */
export function isListening(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath)
  const answer = new Promise<boolean>((resolve, reject) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') resolve(false)
      else reject(new HoldfastError('GATEWAY_UNREACHABLE', { address: socketPath }, { cause }))
    })
  })
  return deadline(answer, { ms: CONNECT_MS, stage: 'connecting to the gateway' }).finally(() => socket.destroy())
}
