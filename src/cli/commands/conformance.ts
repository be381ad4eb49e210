// `holdfast conformance`: starts an agent, looks at all it says that it can do, and prints what works. Needs no gateway.

import type { CommandContext } from '../context.ts'
import type { ConformancePort, FindingView } from '../conformance-port.ts'
import { EXIT } from '../exit-codes.ts'
import type { Screen } from '../output/screen.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { wrapped } from '../output/wrapped.ts'
import { readLine } from '../read-line.ts'
import { UsageError } from '../usage-error.ts'

export interface ConformanceOptions {
  readonly agent: string
  readonly env?: readonly string[]
  readonly modelUrl?: string
  /** Seconds. */
  readonly timeout: number
  readonly yes?: boolean
}

export async function conformance(context: CommandContext, options: ConformanceOptions): Promise<number> {
  const { deps, screen } = context
  const { agent, env = [], modelUrl, timeout, yes = false } = options
  if (!yes && !deps.terminal.stdinIsTty)
    throw new UsageError('This sends prompts to the agent, and asks before.', 'Without a terminal, say so with --yes.')
  const interrupted = new AbortController()
  using _listening = deps.onInterrupt(() => interrupted.abort())
  await using port = await deps.openConformance({ agent, cwd: deps.cwd, env, modelUrl, stepMs: timeout * 1000 })
  announce(port, screen)
  if (!yes && !(await isConfirmed(context, interrupted.signal))) return EXIT.interrupted
  const report = await port.run(interrupted.signal, (finding) => show(finding, screen))
  const { conforms, agent: name, protocolVersion } = report
  if (screen.json) {
    screen.record({ agent: name ?? null, protocol_version: protocolVersion ?? null, conforms })
  } else {
    screen.print(conforms ? '\nEverything that it advertises works.\n' : '\nNot everything that it advertises works.\n')
  }
  return conforms ? EXIT.done : EXIT.failed
}

function announce({ argv, cwd, prompts }: ConformancePort, screen: Screen): void {
  const start = [
    `This starts ${terminalLine(argv.join(' '), 300)}`,
    `up to four times, with sessions in the empty directory ${cwd}. It is sent up to ${prompts.length} prompts; each costs what its model costs:`,
  ]
  screen.err.write(`${wrapped(start.join(' '), WIDTH, 0)}\n`)
  for (const prompt of prompts) screen.err.write(`  - ${wrapped(terminalLine(prompt), WIDTH, 4)}\n`)
  screen.err.write('\n')
}

async function isConfirmed({ deps, screen }: CommandContext, signal: AbortSignal): Promise<boolean> {
  screen.err.write('go on? [y/N] ')
  const line = await readLine(deps.terminal, signal)
  return /^y(es)?$/i.test(line?.trim() ?? '')
}

const WIDTH = 80
/** Verdict, subject and time with their gaps. */
const HEAD_WIDTH = 42

function show({ about, verdict, detail, ms }: FindingView, screen: Screen): void {
  if (screen.json) return screen.record({ about, verdict, detail, ms: ms ?? null })
  const { style } = screen
  const paint = { yes: style.green, no: style.dim, failed: style.red, untested: style.yellow }[verdict]
  const word = verdict === 'failed' ? 'FAILED' : verdict
  const time = ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`
  const head = `${paint(word.padEnd(8))}  ${about.padEnd(21)}  ${time.padStart(7)}  `
  screen.print(`${head}${wrapped(terminalLine(detail, 300), WIDTH, HEAD_WIDTH)}\n`)
}
