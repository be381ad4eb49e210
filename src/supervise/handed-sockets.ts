// Listening sockets that whoever started us holds and hands over (LISTEN_FDS): while we restart, clients wait in them instead
// of being refused. Checked before anything listens on them: a wrong one is a mistake in a unit, said with its name.

import { readFileSync, readlinkSync } from 'node:fs'

import { HoldfastError } from '../base/errors.ts'
import type { Variables } from './detect-supervisor.ts'
import { findSocket, type SocketFacts } from './socket-facts.ts'

export interface HandedSockets {
  readonly unix?: { readonly fd: number; readonly path: string }
  /** On loopback. */
  readonly tcp?: { readonly fd: number; readonly host: string; readonly port: number }
}

/** What the kernel says; replaced in tests. */
export interface SocketSource {
  readonly pid: number
  /** What /proc/self/fd/N points at, such as `socket:[123]`; undefined when there is no such descriptor. */
  target(fd: number): string | undefined
  /** /proc/net/unix, tcp, tcp6; empty where there is none. */
  table(name: 'unix' | 'tcp' | 'tcp6'): string
}

const FIRST_FD = 3
const SOCKETS_MAX = 2

/**
 * The sockets of this process; undefined when none were handed to it. CONFIG_INVALID when one is not a listening stream socket,
 * listens beyond loopback, or there are two of a kind.
 */
export function takeHandedSockets(env: Variables, source: SocketSource = KERNEL): HandedSockets | undefined {
  if (env['LISTEN_FDS'] === undefined || env['LISTEN_PID'] !== String(source.pid)) return undefined
  const count = Number(env['LISTEN_FDS'])
  if (!Number.isSafeInteger(count) || count < 0) throw wrong(`LISTEN_FDS is ${env['LISTEN_FDS']}`)
  if (count === 0) return undefined
  if (count > SOCKETS_MAX) throw wrong(`${count} sockets were handed over; a unix socket and a TCP socket can be`)
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
  let sockets: HandedSockets = {}
  for (let i = 0; i < count; i++) {
    const fd = FIRST_FD + i
    const label = names[i] ? `socket ${fd} (${names[i]})` : `socket ${fd}`
    sockets = add(sockets, fd, label, factsOf(fd, label, source))
  }
  return sockets
}

function add(sockets: HandedSockets, fd: number, label: string, facts: SocketFacts): HandedSockets {
  if (!facts.isListening) throw wrong(`${label} does not listen for streams`)
  if (sockets[facts.family] !== undefined) throw wrong(`${label} is the second ${NAMES[facts.family]} socket`)
  if (facts.family === 'unix') return { ...sockets, unix: { fd, path: facts.path } }
  if (!facts.isLoopback) throw wrong(`${label} listens on ${facts.host}; only loopback is allowed`)
  return { ...sockets, tcp: { fd, host: facts.host, port: facts.port } }
}

const NAMES = { unix: 'unix', tcp: 'TCP' } as const

function factsOf(fd: number, label: string, source: SocketSource): SocketFacts {
  const inode = /^socket:\[(\d+)\]$/.exec(source.target(fd) ?? '')?.[1]
  if (inode === undefined) throw wrong(`${label} is no socket`)
  const facts = findSocket(inode, source)
  if (facts === undefined) throw wrong(`${label} is neither a unix nor a TCP socket that listens`)
  return facts
}

function wrong(reason: string): HoldfastError {
  return new HoldfastError('CONFIG_INVALID', { reason, file: 'the socket unit, or whatever sets LISTEN_FDS' })
}

const KERNEL: SocketSource = {
  pid: process.pid,
  target: (fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return undefined
    }
  },
  table: (name) => {
    try {
      return readFileSync(`/proc/self/net/${name}`, 'utf8')
    } catch {
      return ''
    }
  },
}
