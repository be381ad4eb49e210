// The mode `bwrap`: a pid namespace around the tree of an agent. The kernel ends all of it with the agent or with us.
// Only pids and /proc differ inside; files, network and user are the ones outside.

import { readlinkSync } from 'node:fs'

import type { Enclosure } from './enclosure.ts'
import { OPEN_GROUND } from './enclosure.ts'
import { findTool, runBriefly, TOOL_PATH } from './run-briefly.ts'

export interface BwrapTools {
  /** Absolute paths. */
  readonly bwrap: string
  readonly env: string
}

export type BwrapProbe =
  | { readonly works: true; readonly tools: BwrapTools }
  | { readonly works: false; readonly reason: string }

/** What the probe runs inside: takes a SIGTERM, tells its namespace, ends with 7. */
const PROBE_SCRIPT = `trap 'readlink /proc/self/ns/pid; exit 7' TERM; kill -TERM $$; exit 1`
const PROBE_EXIT = 7
const REASON_CHARS_MAX = 200

/** Really makes a namespace and looks back from inside. Never rejects. */
export async function probeBwrap(toolPath = TOOL_PATH): Promise<BwrapProbe> {
  const bwrap = findTool('bwrap', toolPath)
  const env = findTool('env', toolPath)
  if (process.platform !== 'linux') return fails('it needs Linux')
  if (bwrap === undefined) return fails('bwrap was not found; install the package bubblewrap')
  if (env === undefined) return fails('env was not found')
  const tools = { bwrap, env }
  try {
    const { exit, stdout, stderr } = await runBriefly(wrapInNamespace(tools, ['/bin/sh', '-c', PROBE_SCRIPT]))
    if (exit.code !== PROBE_EXIT) return fails(firstLine(stderr) ?? `the probe ended with ${exit.code ?? exit.signal}`)
    if (stdout.trim() === readlinkSync('/proc/self/ns/pid'))
      return fails('the probe was in the namespace of the gateway')
    return { works: true, tools }
  } catch (error) {
    return fails(error instanceof Error ? error.message : 'the probe could not be started')
  }
}

/** bwrap ends its tree by itself: with its first process, and with the process that started it. */
export function encloseInNamespace(tools: BwrapTools): Enclosure {
  return { ...OPEN_GROUND, wrap: (argv) => wrapInNamespace(tools, argv) }
}

/**
 * bwrap itself must live through the SIGTERM of the ladder, which goes to the whole group: without a handler it would die, and
 * the agent with it, before the agent could do anything. So it ignores SIGTERM, and the agent gets the default back.
 */
function wrapInNamespace(
  { bwrap, env }: BwrapTools,
  argv: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  const namespace = ['--unshare-pid', '--die-with-parent', '--dev-bind', '/', '/', '--proc', '/proc', '--']
  // env takes a program with `=` in its path for a variable; a shell in between does not.
  const program = argv[0].includes('=') ? ['/bin/sh', '-c', 'exec "$@"', 'sh', ...argv] : argv
  return [env, '--ignore-signal=TERM', bwrap, ...namespace, env, '--default-signal=TERM', ...program]
}

function fails(reason: string): BwrapProbe {
  return { works: false, reason }
}

function firstLine(text: string): string | undefined {
  return text.trim().split('\n')[0]?.slice(0, REASON_CHARS_MAX) || undefined
}
