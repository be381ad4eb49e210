// Runs the command line once: parse, run, say what failed, and hand back the exit code. Never exits the process.

import { CommanderError } from 'commander'
import type { Command } from 'commander'
import type { CliDeps } from './deps.ts'
import { EXIT } from './exit-codes.ts'
import { Screen } from './output/screen.ts'
import { buildProgram } from './program.ts'
import { UsageError } from './usage-error.ts'

/** `argv` without node and script. Resolves with the exit code (conventions.md 4.2) when all output has left the process. */
export async function runCli(deps: CliDeps, argv: readonly string[]): Promise<number> {
  // What is known before parsing; a command makes its own screen from its parsed options.
  const screen = new Screen(deps.terminal, deps.env, {
    json: argv.includes('--json'),
    color: !argv.includes('--no-color'),
  })
  const exitCode = await runProgram(deps, argv, screen)
  await screen.flushed()
  return screen.out.closed.aborted && exitCode === EXIT.done ? EXIT.io : exitCode
}

async function runProgram(deps: CliDeps, argv: readonly string[], screen: Screen): Promise<number> {
  const program = buildProgram(deps, screen)
  try {
    if (argv.length === 0) program.command.help()
    await program.command.parseAsync(argv, { from: 'user' })
    return program.exitCode()
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    const { showFailure } = await import('./output/failure.ts')
    if (!(error instanceof CommanderError)) return showFailure(screen, error)
    const [message = 'wrong usage', ...hints] = error.message.replace(/^error: /, '').split('\n')
    return showFailure(
      screen,
      new UsageError(message, [...hints, `See: ${nameOf(program.command, argv)} --help`].join(' ')),
    )
  }
}

/** The command that `argv` means, as it is typed. */
function nameOf(root: Command, argv: readonly string[]): string {
  const names = ['holdfast']
  let command = root
  for (const word of argv.filter((arg) => !arg.startsWith('-'))) {
    const next = command.commands.find((child) => child.name() === word || child.aliases().includes(word))
    if (next === undefined) break
    names.push(word)
    command = next
  }
  return names.join(' ')
}
