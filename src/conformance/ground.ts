// Where tested agents run: tagged as those of a gateway are, with a warden that ends them if this process dies.
// Owns nothing of a gateway: no database, no lease rows. Whatever was started has ended when it is disposed of.

import { randomInt } from 'node:crypto'

import { systemClock } from '../base/clock.ts'
import { ProcessScanner, readOwnMarkers } from '../process/process-scanner.ts'
import { resolveCommand } from '../process/resolve-command.ts'
import { runInTerminal } from '../process/run-in-terminal.ts'
import type { ExitStatus } from '../process/spawn.ts'
import type { Ownership } from '../process/tag-value.ts'
import { probeTagging } from '../process/tag.ts'
import type { Tagging } from '../process/tag.ts'
import { spawnTagged } from '../process/tagged-spawn.ts'
import { startWarden } from '../process/warden.ts'
import type { Warden } from '../process/warden.ts'
import { TestedAgent } from './tested-agent.ts'

export interface TestedCommand {
  readonly argv: readonly [string, ...string[]]
  /** Complete. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** No database has this number, so no gateway takes these processes for its own. */
const INSTANCE = 0
const EPOCHS = 2 ** 24

export class Ground implements AsyncDisposable {
  readonly #command: TestedCommand
  readonly #tagging: Tagging
  readonly #epoch: number
  readonly #warden: Warden | undefined
  readonly #scanner = new ProcessScanner()
  readonly #agents = new AsyncDisposableStack()
  #leases = 0

  private constructor(command: TestedCommand, tagging: Tagging, epoch: number) {
    this.#command = command
    this.#tagging = tagging
    this.#epoch = epoch
    this.#warden = startWarden({ tagging, instance: INSTANCE, epoch, clock: systemClock, logger: undefined })
  }

  /** AGENT_COMMAND_MISSING or AGENT_COMMAND_UNUSABLE when the command cannot be started. */
  static async open({ argv, env, cwd }: TestedCommand, agent: string = argv[0]): Promise<Ground> {
    const [command, ...args] = argv
    const path = await resolveCommand({ agent, command, path: env['PATH'], cwd })
    const epoch = randomInt(1, EPOCHS)
    return new Ground({ argv: [path, ...args], env, cwd }, await probeTagging(INSTANCE, epoch), epoch)
  }

  /** One more process of the command; `hear` is told what it writes to stderr. SPAWN_FAILED when there is none. */
  async start(hear?: (chunk: Uint8Array) => void): Promise<TestedAgent> {
    const owner = this.#nextOwner()
    const deps = { tagging: this.#tagging, outerMarkers: readOwnMarkers() }
    const child = await spawnTagged(deps, { agent: this.#command.argv[0], ...this.#command }, owner)
    if (hear !== undefined) child.stderr.on('data', hear)
    return this.#agents.use(new TestedAgent(child, { owner, scanner: this.#scanner, clock: systemClock }))
  }

  /** The command with further arguments and variables, in the terminal of this process. SPAWN_FAILED, CANCELLED. */
  runInTerminal(
    { args, env }: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<ExitStatus> {
    const { argv, cwd, env: base } = this.#command
    const spec = { agent: argv[0], argv: [...argv, ...args] as const, env: { ...base, ...env }, cwd }
    const deps = { tagging: this.#tagging, outerMarkers: readOwnMarkers(), scanner: this.#scanner }
    return runInTerminal(deps, spec, this.#nextOwner(), signal)
  }

  #nextOwner(): Ownership {
    return { instance: INSTANCE, lease: ++this.#leases, epoch: this.#epoch }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agents.disposeAsync()
    await this.#warden?.[Symbol.asyncDispose]()
  }
}
