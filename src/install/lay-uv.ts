// Lays a package of Python into an environment of its own, made by uv so that it can be moved into its place.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { InstallPorts, Laid } from './install-agent.ts'
import { canExecute, failed, runPackageTool } from './package-tools.ts'
import type { UvPlan } from './plan.ts'

const ENVIRONMENT = 'venv'
const BIN_DIRECTORY = `${ENVIRONMENT}/bin`

/** AGENT_INSTALL_FAILED, also where there is no uv; DEADLINE, CANCELLED. */
export async function layUv(plan: UvPlan, directory: string, ports: InstallPorts): Promise<Laid> {
  const { agent, packages } = plan
  const spec = packages[0] ?? ''
  const run = (...argv: [string, ...string[]]): Promise<void> =>
    runPackageTool({ agent, argv: ['uv', ...argv], cwd: directory }, ports)
  await run('venv', '--no-config', '--relocatable', ENVIRONMENT)
  const before = new Set(readdirSync(join(directory, BIN_DIRECTORY)))
  await run(
    'pip',
    'install',
    '--no-config',
    '--only-binary',
    ':all:',
    '--python',
    join(ENVIRONMENT, 'bin', 'python'),
    spec,
  )
  const program = plan.program ?? nameOf(spec)
  if (!canExecute(join(directory, BIN_DIRECTORY, program))) {
    const programs = readdirSync(join(directory, BIN_DIRECTORY)).filter((name) => !before.has(name))
    throw failed(agent, `its package has no program ${program} (it has: ${programs.slice(0, 10).join(', ') || 'none'})`)
  }
  const version = spec.split('==')[1] ?? 'unknown'
  return { program: `${BIN_DIRECTORY}/${program}`, binDirectories: [BIN_DIRECTORY], version }
}

/** `name[extra]==1.2.3` without the rest: uvx starts the program of that name. */
function nameOf(spec: string): string {
  return spec.replace(/[[=].*$/, '')
}
