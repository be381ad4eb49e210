// What was imported and installed, in the state directory: `agents/registry.json` (the imported document), `agents/installed/NAME.json`
// (one record each), `agents/packages/KEY/` (the files, never changed once they are there), `agents/staging/` (what is being made).
// Reads and writes these; decides nothing about them.

import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { assert } from '../base/assert.ts'
import { isHoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import { ensurePrivateDirectory } from '../base/private-directory.ts'
import type { RegistryAgent } from './registry-agent.ts'
import { readRegistryDocument } from './registry-document.ts'

export interface InstallRecord {
  readonly agent: string
  readonly title: string
  readonly kind: 'npm' | 'uv' | 'archive'
  readonly version: string
  /** What was asked for: packages with their versions, or the address of an archive. */
  readonly packages: readonly string[]
  /** Name of the folder in `packages`. */
  readonly key: string
  /** Those of earlier versions: what runs of them goes on, so they stay until the agent is uninstalled. */
  readonly olderKeys: readonly string[]
  /** argv[0], relative to the folder. */
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** First in the PATH of the agent; relative to the folder. */
  readonly binDirectories: readonly string[]
  /** Of the archive, whether it was given or not. */
  readonly sha256?: string
  /** Epoch ms. */
  readonly installedAt: number
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/

export class AgentStore {
  readonly root: string
  readonly packagesDir: string
  readonly stagingDir: string
  readonly #recordsDir: string
  readonly #registryFile: string

  constructor(stateDir: string) {
    this.root = join(stateDir, 'agents')
    this.packagesDir = join(this.root, 'packages')
    this.stagingDir = join(this.root, 'staging')
    this.#recordsDir = join(this.root, 'installed')
    this.#registryFile = join(this.root, 'registry.json')
  }

  /** STATE_DIR_UNSAFE. */
  ensure(): void {
    for (const directory of [this.root, this.packagesDir, this.stagingDir, this.#recordsDir])
      ensurePrivateDirectory(directory)
  }

  /** Another text after each change of what is imported or installed; two calls of the system. */
  stamp(): string {
    const time = (path: string) => statSync(path, { throwIfNoEntry: false, bigint: true })?.mtimeNs ?? 0n
    return `${time(this.root)} ${time(this.#recordsDir)}`
  }

  /** By the name of the agent. What cannot be read or does not lie in our folders counts as not installed. */
  records(): Map<string, InstallRecord> {
    const files = listNames(this.#recordsDir).filter((name) => name.endsWith('.json'))
    const records = files.flatMap((file) => {
      const record = readRecord(join(this.#recordsDir, file))
      return record !== undefined && file === `${record.agent}.json` ? [[record.agent, record] as const] : []
    })
    return new Map(records)
  }

  writeRecord(record: InstallRecord): void {
    assert(isRecord(record), 'a record that is written can be read')
    this.#write(join(this.#recordsDir, `${record.agent}.json`), `${JSON.stringify(record, null, 2)}\n`)
  }

  /** The record that there was. */
  removeRecord(agent: string): InstallRecord | undefined {
    const record = this.records().get(agent)
    if (record !== undefined) rmSync(join(this.#recordsDir, `${agent}.json`), { force: true })
    return record
  }

  /** `text` was checked. */
  writeRegistry(text: string): void {
    this.#write(this.#registryFile, text)
  }

  /** Empty when nothing was imported, or when the file was made invalid by somebody. */
  imported(): RegistryAgent[] {
    try {
      return readRegistryDocument(readFileSync(this.#registryFile, 'utf8'), this.#registryFile)
    } catch (error) {
      if (isHoldfastError(error) || (error as NodeJS.ErrnoException).code !== undefined) return []
      throw error
    }
  }

  /** There whole or not at all. */
  #write(file: string, text: string): void {
    this.ensure()
    const draft = `${file}.${process.pid}.draft`
    writeFileSync(draft, text, { mode: 0o600 })
    renameSync(draft, file)
  }
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function readRecord(file: string): InstallRecord | undefined {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isRecord(json) ? json : undefined
  } catch {
    return undefined
  }
}

const isKey = (value: unknown): boolean => typeof value === 'string' && /^\w[\w.@+-]*$/.test(value)
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string')
const isInside = (path: unknown): boolean =>
  typeof path === 'string' && path !== '' && !path.startsWith('/') && !path.split('/').includes('..')

function isRecord(json: unknown): json is InstallRecord {
  if (!isJsonObject(json)) return false
  const { agent, title, version, key, olderKeys, program, args, env, packages, binDirectories } = json
  const names = [title, version].every((text) => typeof text === 'string')
  const isNamed =
    typeof agent === 'string' &&
    NAME.test(agent) &&
    [key, ...(Array.isArray(olderKeys) ? olderKeys : [undefined])].every(isKey)
  const isPlaced = isInside(program) && Array.isArray(binDirectories) && binDirectories.every(isInside)
  return names && isNamed && isPlaced && isTexts(args) && isTexts(packages) && isJsonObject(env)
}
