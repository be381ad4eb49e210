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
    return showFailure(screen, usageError(error, namedCommand(program.command, argv), argv))
  }
}

function usageError(error: CommanderError, { name, command }: NamedCommand, argv: readonly string[]): UsageError {
  const [message = 'wrong usage', ...hints] = error.message.replace(/^error: /, '').split('\n')
  const help = [...hints, `See: ${name} --help`].join(' ')
  // A group hands a word that it does not know to its default command, which then has one too many.
  const next = argv[argv.findIndex((word) => namesOf(command).includes(word)) + 1]
  const isUnknown = error.code === 'commander.excessArguments' && command.commands.length > 0
  if (error.code === 'commander.help') return new UsageError('There is no such command.', help)
  if (!isUnknown || next === undefined || next.startsWith('-')) return new UsageError(message, help)
  return new UsageError(`unknown command '${next}'`, help)
}

interface NamedCommand {
  /** As it is typed. */
  readonly name: string
  readonly command: Command
}

/** The command that `argv` means. */
function namedCommand(root: Command, argv: readonly string[]): NamedCommand {
  const names = ['holdfast']
  let command = root
  for (const word of argv.filter((arg) => !arg.startsWith('-'))) {
    const next = command.commands.find((child) => namesOf(child).includes(word))
    if (next === undefined) break
    names.push(word)
    command = next
  }
  return { name: names.join(' '), command }
}

function namesOf(command: Command): string[] {
  return [command.name(), ...command.aliases()]
}
