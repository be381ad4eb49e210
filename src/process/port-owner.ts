// Who listens at an address of this machine, as far as /proc tells: the processes of our own user, or all of them for root. For messages only.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface PortOwner {
  readonly pid: number
  /** Name of the program. */
  readonly program: string
}

/** A unix socket by its path, or a TCP port at whatever address. Undefined when nobody is found. */
export type Listening = { readonly path: string } | { readonly port: number }

const TCP_LISTEN = '0A'

export function findPortOwner(listening: Listening): PortOwner | undefined {
  const inodes = 'path' in listening ? unixInodes(listening.path) : tcpInodes(listening.port)
  if (inodes.size === 0) return undefined
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`))
  const pid = listPids().find((each) => listFds(each).some((fd) => links.has(fd)))
  return pid === undefined ? undefined : { pid, program: readText(`/proc/${pid}/comm`).trim() }
}

function tcpInodes(port: number): Set<string> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const rows = [...rowsOf('/proc/net/tcp'), ...rowsOf('/proc/net/tcp6')]
  const own = rows.filter(([, local = '', , state]) => state === TCP_LISTEN && local.endsWith(`:${hexPort}`))
  return new Set(own.flatMap((row) => row[9] ?? []))
}

/** A path may hold spaces: everything after the inode is the path. */
function unixInodes(path: string): Set<string> {
  const rows = readText('/proc/net/unix')
    .split('\n')
    .filter((row) => row.endsWith(` ${path}`))
  return new Set(rows.flatMap((row) => row.trim().split(/\s+/)[6] ?? []))
}

function rowsOf(file: string): string[][] {
  const rows = readText(file).split('\n').slice(1)
  return rows.map((row) => row.trim().split(/\s+/))
}

function listPids(): number[] {
  return read(() => readdirSync('/proc'), [])
    .map(Number)
    .filter((pid) => pid > 0)
}

/** What its descriptors are; empty for a process that we may not look into. */
function listFds(pid: number): string[] {
  const directory = `/proc/${pid}/fd`
  return read(() => readdirSync(directory), []).map((fd) => read(() => readlinkSync(`${directory}/${fd}`), ''))
}

function readText(file: string): string {
  return read(() => readFileSync(file, 'utf8'), '')
}

function read<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}
