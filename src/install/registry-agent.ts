// An agent as the public registry describes it, reduced to what starting and installing it needs.

/** How a package of npm or of Python is started. */
export interface PackageLaunch {
  /** `name@version`, or `name==version` of Python; as the registry says it. */
  readonly package: string
  /** Program of the package; undefined: its only one. */
  readonly cmd: string | undefined
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface ArchiveLaunch {
  /** https. */
  readonly archive: string
  /** Path inside the archive, or the name of a program of the system. */
  readonly cmd: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Lower-case hex; undefined where the registry has none. */
  readonly sha256: string | undefined
}

export interface RegistryAgent {
  readonly id: string
  readonly title: string
  readonly version: string
  readonly homepage: string | undefined
  readonly npx: PackageLaunch | undefined
  readonly uvx: PackageLaunch | undefined
  /** By `linux-x86_64` and its like. */
  readonly binary: ReadonlyMap<string, ArchiveLaunch>
}

const PLATFORMS: Partial<Record<NodeJS.Platform, string>> = { darwin: 'darwin', linux: 'linux', win32: 'windows' }
const ARCHITECTURES: Readonly<Record<string, string>> = { arm64: 'aarch64', x64: 'x86_64' }

/** The registry's word for this machine. */
export function ownTarget(platform = process.platform, arch: string = process.arch): string {
  return `${PLATFORMS[platform] ?? platform}-${ARCHITECTURES[arch] ?? arch}`
}
