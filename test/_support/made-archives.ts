// Archives made in a test, also such as no honest program would make.

import { crc32, deflateRawSync } from 'node:zlib'

export interface MadeEntry {
  readonly name: string
  readonly content?: string | Buffer
  /** Of tar: 0 file, 1 hard link, 2 link, 3 device, 5 directory. */
  readonly type?: '0' | '1' | '2' | '3' | '5'
  readonly target?: string
  readonly mode?: number
}

export function makeTar(entries: readonly MadeEntry[]): Buffer {
  const blocks = entries.flatMap(({ name, content = '', type = '0', target = '', mode = 0o644 }) => {
    const body = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(name, 0, 100)
    header.write(mode.toString(8).padStart(7, '0'), 100)
    header.write(body.length.toString(8).padStart(11, '0'), 124)
    header.write(' '.repeat(8), 148)
    header.write(type, 156)
    header.write(target, 157, 100)
    header.write('ustar\u000000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export interface ZipLies {
  /** Instead of the true size. */
  readonly bytes?: number
}

export function makeZip(entries: readonly MadeEntry[], lies: ZipLies = {}): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content = '', type = '0', target = '', mode = 0o644 } of entries) {
    const body = Buffer.from(type === '2' ? target : content)
    const packed = deflateRawSync(body)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(Buffer.byteLength(name), 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt8(3, 5)
    entry.writeUInt16LE(8, 10)
    entry.writeUInt32LE(crc32(body), 16)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(lies.bytes ?? body.length, 24)
    entry.writeUInt16LE(Buffer.byteLength(name), 28)
    entry.writeUInt32LE((((type === '2' ? 0o120000 : 0o100000) | mode) << 16) >>> 0, 38)
    entry.writeUInt32LE(offset, 42)
    directory.push(entry, Buffer.from(name))
    locals.push(local, Buffer.from(name), packed)
    offset += 30 + Buffer.byteLength(name) + packed.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, ...directory, end])
}
