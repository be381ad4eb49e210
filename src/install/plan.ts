// What installing an agent means: which packages from where, or which archive, and how its program is started afterwards.

import type { CatalogEntry } from '../agent/catalog/entry.ts'
import { HoldfastError } from '../base/errors.ts'
import type { ArchiveLaunch, PackageLaunch, RegistryAgent } from './registry-agent.ts'
import { ownTarget } from './registry-agent.ts'

interface PlanBase {
  readonly agent: string
  readonly title: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface NpmPlan extends PlanBase {
  readonly kind: 'npm'
  /** `name@version`; the first has the program. */
  readonly packages: readonly string[]
  /** Undefined: the only program of the package. */
  readonly program: string | undefined
  readonly runsScripts: boolean
}

export interface UvPlan extends PlanBase {
  readonly kind: 'uv'
  /** `name==version`. */
  readonly packages: readonly string[]
  readonly program: string | undefined
}

export interface ArchivePlan extends PlanBase {
  readonly kind: 'archive'
  readonly version: string
  readonly archive: string
  readonly sha256: string | undefined
  /** Path inside. */
  readonly program: string
}

export type InstallPlan = NpmPlan | UvPlan | ArchivePlan

export interface PlanWish {
  /** Undefined: the one that is pinned, or that the registry says. */
  readonly version: string | undefined
  readonly allowScripts: boolean
}

const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/

/** AGENT_INSTALL_FAILED where there is nothing that Holdfast can install, and for scripts that were not allowed, or are not needed. */
export function planOfCatalog(entry: CatalogEntry, { version, allowScripts }: PlanWish): InstallPlan {
  const { name: agent, title, argv, packages, homepage, note, needsScripts = false } = entry
  const [first, ...others] = packages
  if (first === undefined) {
    const where = note ?? (homepage === undefined ? 'do as its authors say' : `see ${homepage}`)
    throw refused(agent, `it has an installer of its own (${where}), unless you import a registry that has it`)
  }
  if (needsScripts && !allowScripts)
    throw refused(agent, 'it cannot work without the install scripts of its packages; allow them with --allow-scripts')
  if (allowScripts && !needsScripts)
    throw refused(agent, 'it works without install scripts, so they are not run; leave --allow-scripts out')
  const [program, ...args] = argv
  const main = version === undefined ? first : `${nameOf(first)}@${checked(agent, version)}`
  const base = { agent, title, args, env: {}, program, packages: [main, ...others] }
  return { ...base, kind: 'npm', runsScripts: needsScripts }
}

/** npm first, then uv, then an archive for this machine. AGENT_INSTALL_FAILED. */
export function planOfRegistry(entry: RegistryAgent, { version, allowScripts }: PlanWish): InstallPlan {
  const { id: agent, title, npx, uvx, binary } = entry
  if (allowScripts) throw refused(agent, 'install scripts of a registry are never run')
  const wanted = version === undefined ? entry.version : checked(agent, version)
  if (npx !== undefined) {
    return { ...ofLaunch(entry, npx), kind: 'npm', packages: [pinned(npx, version, wanted)], runsScripts: false }
  }
  if (uvx !== undefined) {
    const name = uvx.package.replace(/(==|@).*$/, '')
    const one = version ?? /(?:==|@)(.+)$/.exec(uvx.package)?.[1] ?? wanted
    return { ...ofLaunch(entry, uvx), kind: 'uv', packages: [`${name}==${one}`] }
  }
  if (wanted !== entry.version) throw refused(agent, `the registry has version ${entry.version} of it only`)
  const launch = binary.get(ownTarget())
  if (launch === undefined) throw refused(agent, `there is none for this machine (${ownTarget()})`)
  return ofArchive({ agent, title, version: wanted }, launch)
}

function ofLaunch({ id: agent, title }: RegistryAgent, { cmd: program, args, env }: PackageLaunch) {
  return { agent, title, program, args, env }
}

function ofArchive(
  of: Pick<ArchivePlan, 'agent' | 'title' | 'version'>,
  { archive, sha256, cmd, args, env }: ArchiveLaunch,
): ArchivePlan {
  const program = cmd.replace(/^(\.\/)+/, '')
  if (program.startsWith('/') || program.split('/').includes('..'))
    throw refused(of.agent, `its program ${cmd} is not inside its archive`)
  return { ...of, kind: 'archive', archive, sha256, program, args, env }
}

/** A registry may leave the version of the package out: then it is the version of the agent. */
function pinned({ package: spec }: PackageLaunch, version: string | undefined, wanted: string): string {
  return spec.indexOf('@', 1) === -1 || version !== undefined ? `${nameOf(spec)}@${wanted}` : spec
}

/** `@scope/name@1.2.3` without its version. */
export function nameOf(spec: string): string {
  const at = spec.indexOf('@', 1)
  return at === -1 ? spec : spec.slice(0, at)
}

function checked(agent: string, version: string): string {
  if (VERSION.test(version)) return version
  throw refused(agent, `"${version}" is not a version`)
}

function refused(agent: string, reason: string): HoldfastError {
  return new HoldfastError('AGENT_INSTALL_FAILED', { agent, reason })
}
