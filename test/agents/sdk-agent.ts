// An agent of ACP v1 on the official SDK, a peer that knows nothing of us: all that v1 has, and forks. What a prompt says decides what a
// turn does (sdk/deeds.ts). --state=DIR keeps its sessions, --journal=FILE everything that went over its pipes, --login=FILE
// wants a login, --no-resume can only load.

import { Readable, Writable } from 'node:stream'

import { agent, ndJsonStream } from '@agentclientprotocol/sdk/unstable'

import { Controls } from './sdk/controls.ts'
import { Journal } from './sdk/journal.ts'
import { KeptSessions } from './sdk/kept-sessions.ts'
import { Logins } from './sdk/logins.ts'
import { SessionMethods } from './sdk/session-methods.ts'
import { Turns } from './sdk/turns.ts'

function flag(name: string): string | undefined {
  return process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
}

const logins = new Logins(flag('login'), !process.argv.includes('--no-resume'))
if (process.argv.includes('--log-in')) {
  logins.logIn()
  process.exit(0)
}

const journal = new Journal(flag('journal'))
const kept = new KeptSessions(flag('state') ?? '.')
const sessions = new SessionMethods(kept, logins)
const controls = new Controls(kept)
const turns = new Turns(kept)
const { heard } = journal

console.error = (...words: unknown[]) => journal.note('complaint', words.map(String).join(' '))

agent({ name: 'sdk-agent' })
  .onRequest('initialize', heard(logins.initialize))
  .onRequest('authenticate', heard(logins.authenticate))
  .onRequest('logout', heard(logins.logOut))
  .onRequest('session/new', heard(sessions.create))
  .onRequest('session/load', heard(sessions.load))
  .onRequest('session/resume', heard(sessions.resume))
  .onRequest('session/fork', heard(sessions.fork))
  .onRequest('session/list', heard(sessions.list))
  .onRequest('session/close', heard(sessions.close))
  .onRequest('session/delete', heard(sessions.delete))
  .onRequest('session/set_mode', heard(controls.setMode))
  .onRequest('session/set_config_option', heard(controls.setOption))
  .onRequest('session/prompt', heard(turns.prompt))
  .onNotification('session/cancel', ({ params }) => turns.cancel(params.sessionId))
  .connect(
    ndJsonStream(
      Writable.toWeb(journal.output(process.stdout)),
      Readable.toWeb(journal.input(process.stdin)) as ReadableStream<Uint8Array>,
    ),
  )
