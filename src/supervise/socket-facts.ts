// What the kernel's tables say of a socket: family, address, whether it listens. Node has no getsockopt.

export type SocketFacts =
  | { readonly family: 'unix'; readonly isListening: boolean; readonly path: string }
  | {
      readonly family: 'tcp'
      readonly isListening: boolean
      readonly isLoopback: boolean
      readonly host: string
      readonly port: number
    }

export interface SocketTables {
  table(name: 'unix' | 'tcp' | 'tcp6'): string
}

/** SO_ACCEPTCON of proc(5), and SOCK_STREAM. */
const LISTENS = 0x10000
const STREAM = '0001'
/** TCP_LISTEN. */
const TCP_LISTENS = '0A'

/** Undefined for an inode that no table has. */
export function findSocket(inode: string, tables: SocketTables): SocketFacts | undefined {
  return (
    findUnix(inode, tables.table('unix')) ?? findTcp(inode, tables.table('tcp')) ?? findTcp(inode, tables.table('tcp6'))
  )
}

/** `Num RefCount Protocol Flags Type St Inode Path`; a path may have spaces. */
function findUnix(inode: string, table: string): SocketFacts | undefined {
  for (const row of table.split('\n')) {
    const [, flags, type, ofRow, path] = /^\S+ \S+ \S+ (\S+) (\S+) \S+ +(\d+) ?(.*)$/.exec(row) ?? []
    if (ofRow !== inode) continue
    const isListening = (Number.parseInt(flags ?? '', 16) & LISTENS) !== 0 && type === STREAM
    return { family: 'unix', isListening, path: path ?? '' }
  }
  return undefined
}

/** `sl local_address rem_address st … inode …` */
function findTcp(inode: string, table: string): SocketFacts | undefined {
  for (const row of table.split('\n')) {
    const fields = row.trim().split(/\s+/)
    const [address = '', port = ''] = (fields[1] ?? '').split(':')
    if (fields[9] !== inode || port === '') continue
    const host = hostOf(address)
    const isLoopback = host === '::1' || host.startsWith('127.')
    return { family: 'tcp', isListening: fields[3] === TCP_LISTENS, isLoopback, host, port: Number.parseInt(port, 16) }
  }
  return undefined
}

/** Words of 32 bits in the byte order of this machine, which is little endian wherever we run. */
function hostOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).toReversed())
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  if (/^(00){15}01$/.test(bytes.join(''))) return '::1'
  return bytes
    .join('')
    .replaceAll(/(.{4})(?=.)/g, '$1:')
    .toLowerCase()
}
