// Lays packages of npm into a directory of their own, with the lock file that npm writes. Install scripts do not run unless the plan says so.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { isJsonObject } from '../base/json.ts'
import type { InstallPorts, Laid } from './install-agent.ts'
import { canExecute, failed, runPackageTool } from './package-tools.ts'
import { nameOf } from './plan.ts'
import type { NpmPlan } from './plan.ts'

const FLAGS = ['--no-audit', '--no-fund', '--no-update-notifier', '--omit=dev', '--loglevel=error']
const BIN_DIRECTORY = 'node_modules/.bin'

/** AGENT_INSTALL_FAILED, DEADLINE, CANCELLED. */
export async function layNpm(plan: NpmPlan, directory: string, ports: InstallPorts): Promise<Laid> {
  const { agent, packages, runsScripts } = plan
  const dependencies = Object.fromEntries(packages.map((spec) => [nameOf(spec), spec.slice(nameOf(spec).length + 1)]))
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies }), { mode: 0o600 })
  const scripts = `--ignore-scripts=${String(!runsScripts)}`
  await runPackageTool({ agent, argv: ['npm', 'install', scripts, ...FLAGS], cwd: directory }, ports)
  const { version, programs } = readPackage(join(directory, 'node_modules', nameOf(packages[0] ?? '')))
  const program = plan.program ?? (programs.length === 1 ? programs[0] : undefined)
  if (program === undefined || !programs.includes(program))
    throw failed(
      agent,
      `its package has no program ${program ?? 'to start'} (it has: ${programs.join(', ') || 'none'})`,
    )
  if (!canExecute(join(directory, BIN_DIRECTORY, program))) throw failed(agent, `its program ${program} is not there`)
  return { program: `${BIN_DIRECTORY}/${program}`, binDirectories: [BIN_DIRECTORY], version }
}

function readPackage(directory: string): { version: string; programs: string[] } {
  const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  const { name, version, bin } = isJsonObject(manifest) ? manifest : {}
  const own = typeof name === 'string' ? name.replace(/^@[^/]+\//, '') : ''
  const programs = typeof bin === 'string' ? [own] : isJsonObject(bin) ? Object.keys(bin) : []
  return {
    version: typeof version === 'string' ? version : 'unknown',
    programs: programs.filter((one) => /^[0-9A-Za-z@_][\w.@-]*$/.test(one)),
  }
}
