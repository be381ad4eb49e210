// Whether agents are installed, in which version, and logged in, as far as files and variables tell. Starts nothing, opens no
// credential, and takes no longer than `msMax`: what is not known by then is unknown.

import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

import { deadline } from '../../base/deadline.ts'
import type { LoginFacts } from './entry.ts'
import { readProgramVersion } from './program-version.ts'

export type Known = 'yes' | 'no' | 'unknown'

/** An agent to look for. */
export interface Candidate {
  readonly name: string
  /** argv[0]. */
  readonly command: string
  /** The complete environment that it would be started with: PATH, HOME, variables of its login. */
  readonly env: Readonly<Record<string, string>>
  readonly login: LoginFacts | undefined
  /** What the record of its installation says; undefined: read from its package. */
  readonly version: string | undefined
}

export interface AgentPresence {
  readonly installed: Known
  /** Absolute path of what would be started. */
  readonly program: string | undefined
  readonly version: string | undefined
  readonly login: Known
}

const UNKNOWN: AgentPresence = { installed: 'unknown', program: undefined, version: undefined, login: 'unknown' }
const MS_MAX = 1_000

/** Never rejects. Every candidate has its entry, by name. */
export async function detectAgents(
  candidates: readonly Candidate[],
  { msMax = MS_MAX }: { readonly msMax?: number } = {},
): Promise<ReadonlyMap<string, AgentPresence>> {
  const found = new Map<string, AgentPresence>(candidates.map(({ name }) => [name, UNKNOWN]))
  const directories = new Listings()
  const looks = candidates.map(async (candidate) => found.set(candidate.name, await look(candidate, directories)))
  // An unreachable file system leaves its calls hanging: they are left to themselves.
  await deadline(Promise.all(looks), { ms: msMax, stage: 'looking for agents' }).catch(() => undefined)
  return new Map(found)
}

async function look({ command, env, login, version }: Candidate, directories: Listings): Promise<AgentPresence> {
  const [program, isLoggedIn] = await Promise.all([
    findProgram(command, env['PATH'] ?? '', directories),
    findLogin(login, env),
  ])
  if (program === undefined) return { installed: 'no', program, version: undefined, login: isLoggedIn }
  return { installed: 'yes', program, version: version ?? (await readProgramVersion(program)), login: isLoggedIn }
}

async function findProgram(command: string, searchPath: string, directories: Listings): Promise<string | undefined> {
  if (isAbsolute(command)) return (await isExecutable(command)) ? command : undefined
  // Relative to a directory that only a session has.
  if (command.includes('/')) return undefined
  for (const directory of searchPath.split(delimiter).filter(isAbsolute)) {
    const program = join(directory, command)
    if ((await directories.of(directory)).has(command) && (await isExecutable(program))) return program
  }
  return undefined
}

async function findLogin(login: LoginFacts | undefined, env: Candidate['env']): Promise<Known> {
  if (login === undefined) return 'unknown'
  if (login.variables.some((name) => env[name] !== undefined && env[name] !== '')) return 'yes'
  const home = env['HOME']
  const files = home === undefined ? [] : login.files.map((file) => join(home, file))
  const there = await Promise.all(files.map((file) => holdsSomething(file)))
  if (there.includes(true)) return 'yes'
  return login.isAll ? 'no' : 'unknown'
}

/** What directories contain; each is read once, however many agents are looked for in it. */
class Listings {
  readonly #names = new Map<string, Promise<ReadonlySet<string>>>()

  of(directory: string): Promise<ReadonlySet<string>> {
    const known = this.#names.get(directory)
    if (known !== undefined) return known
    const names = readdir(directory).then(
      (entries) => new Set(entries),
      () => new Set<string>(),
    )
    this.#names.set(directory, names)
    return names
  }
}

/** Some agents write `{}` at their first start. */
const EMPTY_BYTES_MAX = 8

function holdsSomething(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isFile() && stats.size > EMPTY_BYTES_MAX,
    () => false,
  )
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}
