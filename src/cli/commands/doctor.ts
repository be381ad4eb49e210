// `holdfast doctor`: looks at everything that Holdfast needs and says what is wrong. Starts no gateway; changes nothing but, when
// asked to, ends processes that nobody owns.

import { isHoldfastError } from '../../base/errors.ts'
import type { CommandContext } from '../context.ts'
import { checkAgents } from '../agent-checks.ts'
import { checkContainment } from '../containment-checks.ts'
import { checkNode, checkPlatform, checkPrivate, checkSocket, checkSqlite, checkStatus } from '../doctor-checks.ts'
import type { Check } from '../doctor-checks.ts'
import { checkKeeperUnit, checkService } from '../service-checks.ts'
import { codeOf } from '../error-code.ts'
import { checkCrash, checkHealth } from '../health-checks.ts'
import { EXIT } from '../exit-codes.ts'
import { assertKillable, lookForOrphans } from '../orphan-checks.ts'
import { openGateway } from '../gateway.ts'
import type { Screen } from '../output/screen.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { loadConfig } from '../../config/load.ts'
import type { Config } from '../../config/config.ts'
import { pathsOf } from '../../config/paths.ts'
import type { Paths } from '../../config/paths.ts'

export interface DoctorOptions {
  readonly orphans?: boolean
  readonly kill?: boolean
  readonly yes?: boolean
  readonly verify?: boolean
}

export async function doctor(context: CommandContext, options: DoctorOptions): Promise<number> {
  const { deps, screen } = context
  assertKillable(context, options)
  const checks: Check[] = []
  const add = (...found: Check[]): void => {
    checks.push(...found)
    for (const check of found) show(check, screen)
  }
  add(checkNode(process.version), checkSqlite(process.versions['sqlite']), checkPlatform(process.platform))
  const paths = pathsOf(deps.env)
  const { config, check } = readConfig(context, paths)
  add(check, ...(await checkFiles(paths)))
  add(...checkContainment(await deps.probeContainment(), config))
  const service = await checkService(deps)
  add(...service.checks, ...(await checkGateway(context, service.searchPath)))
  if (options.orphans === true || options.kill === true) await lookForOrphans(context, options, add)
  if (options.verify === true) add(...(await checkStore(context)))
  return checks.some(({ result }) => result === 'fail') ? EXIT.failed : EXIT.done
}

/** As the next start of a gateway would read it. */
function readConfig({ deps }: CommandContext, paths: Paths): { config: Config | undefined; check: Check } {
  const name = 'configuration'
  try {
    const config = loadConfig({ env: deps.env, paths })
    const detail = config.file ?? `defaults; ${paths.configFile} is not there`
    return { config, check: { name, result: 'ok', detail } }
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    return { config: undefined, check: { name, result: 'fail', detail: `${error.message} ${error.help}` } }
  }
}

async function checkFiles(paths: Paths): Promise<Check[]> {
  const uid = process.getuid?.() ?? 0
  return [
    await checkPrivate('state directory', paths.stateDir, 'directory', uid),
    await checkPrivate('token file', paths.tokenFile, 'file', uid),
    await checkSocket(paths.socket),
  ]
}

/** The gateway and, through it, the agents. One that does not run is a warning: the first command starts it. */
async function checkGateway(context: CommandContext, servicePath: string | undefined): Promise<Check[]> {
  try {
    using gateway = await openGateway({ ...context, mayStart: false })
    const status = await gateway.client.status()
    const { agents } = await gateway.client.listAgents()
    const checks = [...checkStatus(status), ...checkKeeperUnit(status), ...checkHealth(status, Date.now())]
    return [...checks, ...(await checkAgents(agents, context.deps.env['PATH'] ?? '', servicePath))]
  } catch (error) {
    const isDown = codeOf(error) === 'GATEWAY_UNREACHABLE'
    const detail = isDown
      ? 'not running; the first command starts it'
      : error instanceof Error
        ? error.message
        : String(error)
    const gateway: Check = { name: 'gateway', result: isDown ? 'warn' : 'fail', detail }
    return isDown ? [gateway, ...(await checkLastCrash(context))] : [gateway]
  }
}

/** Why it does not run, as far as that is known. A database that cannot be read is what --verify is for. */
async function checkLastCrash({ deps }: CommandContext): Promise<Check[]> {
  try {
    const crash = await deps.readLastCrash()
    return crash === undefined ? [] : checkCrash(crash, Date.now())
  } catch (error) {
    return [{ name: 'last crash', result: 'warn', detail: error instanceof Error ? error.message : String(error) }]
  }
}

async function checkStore(context: CommandContext): Promise<Check[]> {
  const problems = await verifyStore(context)
  if (problems.length === 0) return [{ name: 'database', result: 'ok', detail: 'verified' }]
  return problems.map((detail) => ({ name: 'database', result: 'fail' as const, detail }))
}

/** By the gateway while it runs: nobody else may open its database. */
async function verifyStore(context: CommandContext): Promise<readonly string[]> {
  try {
    using gateway = await openGateway({ ...context, mayStart: false })
    return (await gateway.client.verifyDatabase()).problems
  } catch (error) {
    if (codeOf(error) !== 'GATEWAY_UNREACHABLE') throw error
    return context.deps.verifyStore()
  }
}

function show({ name, result, detail }: Check, screen: Screen): void {
  if (screen.json) return screen.record({ check: name, result, detail })
  const { style } = screen
  const paint = { ok: style.green, warn: style.yellow, fail: style.red }[result]
  screen.print(`${paint(result.padEnd(4))}  ${terminalLine(name, 40).padEnd(18)}  ${terminalLine(detail, 300)}\n`)
}
