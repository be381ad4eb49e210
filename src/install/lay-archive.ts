// Lays an archive into a directory: fetched with a bound, compared with the digest of the registry, unpacked by ourselves.

import { createHash } from 'node:crypto'
import { chmodSync, createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline as pipe } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

import { CancelledError } from '../base/errors.ts'
import { ArchiveRefused, Place, UNPACK_LIMITS } from './archive/place.ts'
import { unpackTar } from './archive/tar.ts'
import { unpackZip } from './archive/zip.ts'
import { bounded, failureReason, openHttps } from './https.ts'
import type { InstallPorts, Laid } from './install-agent.ts'
import { failed } from './package-tools.ts'
import type { ArchivePlan } from './plan.ts'

const BYTES_MAX = 1_073_741_824
const MS_MAX = 900_000
/** Folder of what was in the archive, beside our own file. */
const CONTENT = 'content'

/** AGENT_INSTALL_FAILED, CANCELLED. */
export async function layArchive(plan: ArchivePlan, directory: string, ports: InstallPorts): Promise<Laid> {
  const { agent, archive, program, version } = plan
  const file = join(directory, 'archive')
  const sha256 = await download(plan, file, ports)
  if (plan.sha256 !== undefined && plan.sha256 !== sha256)
    throw failed(agent, `${archive} is not what the registry says (its SHA-256 is ${sha256})`)
  const content = join(directory, CONTENT)
  mkdirSync(content, { mode: 0o700 })
  try {
    await unpack(file, content, plan)
  } catch (error) {
    throw error instanceof ArchiveRefused ? failed(agent, `${archive} was refused: ${error.message}`) : error
  }
  rmSync(file, { force: true })
  const path = join(content, program)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw failed(agent, `there is no file ${program} in ${archive}`)
  chmodSync(path, 0o700)
  return { program: `${CONTENT}/${program}`, binDirectories: [join(CONTENT, dirname(program))], version, sha256 }
}

/** Its SHA-256. */
async function download({ agent, archive }: ArchivePlan, file: string, ports: InstallPorts): Promise<string> {
  const signal = AbortSignal.any([ports.signal, AbortSignal.timeout(MS_MAX)])
  const hash = createHash('sha256')
  try {
    const body = await openHttps(archive, { fetch: ports.fetch, signal, mayChangeHost: true })
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of bounded(body, BYTES_MAX)) {
        hash.update(chunk)
        yield chunk
      }
    }
    await pipeline(hashed(), createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal })
  } catch (error) {
    if (ports.signal.aborted) throw new CancelledError('the download')
    throw failed(agent, `${archive}: ${failureReason(error)}`)
  }
  return hash.digest('hex')
}

async function unpack(file: string, content: string, { archive, program }: ArchivePlan): Promise<void> {
  const name = new URL(archive).pathname.toLowerCase()
  const place = new Place(content, UNPACK_LIMITS)
  if (/\.t(ar\.)?gz$/.test(name)) await unpackGzip(file, place)
  else if (name.endsWith('.tar')) await unpackTar(createReadStream(file), place)
  else if (name.endsWith('.zip')) {
    await using handle = await open(file)
    await unpackZip(handle, place)
  } else if (/\.(t?bz2|tbz|txz|xz|zst|7z|dmg|msi|exe)$/.test(name)) {
    throw new ArchiveRefused(`files like ${basename(name)} are not read; only tar, tar.gz, zip and bare programs are`)
  } else renameSync(file, join(content, basename(program)))
}

async function unpackGzip(file: string, place: Place): Promise<void> {
  const unpacked = createGunzip()
  // Whoever stops reading ends both; a failure of the one is what the reader of the other sees.
  pipe(createReadStream(file), unpacked, () => {})
  try {
    await unpackTar(unpacked, place)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true ? new ArchiveRefused('it is damaged') : error
  } finally {
    unpacked.destroy()
  }
}
