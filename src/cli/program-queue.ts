// The commands about prompts that wait, and how a prompt is to be run. Declared here, done in commands/.

import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { LANE, WHEN_BUSY } from './choices.ts'
import type { Bind } from './program.ts'

export function declareQueue(root: Command, on: Bind): void {
  const queue = root.command('queue').description('prompts that wait in a session: list, change, move, remove')
  queue
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list the prompts that wait, the next one first')
    .argument('<session>', 'id or key')
    .action(on(async () => (await import('./commands/queue.ts')).queueLs))
  queue
    .command('edit')
    .description('change the text of a prompt that waits, or when it expires')
    .argument('<session>', 'id or key')
    .argument('<turn>', 'turn id')
    .argument('[text...]', 'the new prompt')
    .option('-f, --file <file>', 'read the new prompt from a file, - for stdin')
    .option('--expires <seconds|never>', 'give it up when it still waits after this long', secondsOrNever)
    .action(on(async () => (await import('./commands/queue.ts')).queueEdit))
  queue
    .command('mv')
    .description('move a prompt that waits; without an option to the front')
    .argument('<session>', 'id or key')
    .argument('<turn>', 'turn id')
    .addOption(new Option('--to <position>', '0 is the front').argParser(wholeNumber).conflicts('before'))
    .option('--before <turn>', 'in front of another one that waits')
    .action(on(async () => (await import('./commands/queue.ts')).queueMv))
  queue
    .command('rm')
    .description('take a prompt out of the queue; one that runs is left alone')
    .argument('<session>', 'id or key')
    .argument('<turn>', 'turn id')
    .action(on(async () => (await import('./commands/queue.ts')).queueRm))
}

/** Of `prompt` alone: `run` makes a session that is never busy. */
export function declareWhenBusy(command: Command): void {
  command.addOption(
    new Option('--when-busy <what>', 'what becomes of the prompt when the session is busy').choices([...WHEN_BUSY]),
  )
}

/** Of the commands that send a prompt. */
export function declareAdmission(command: Command): void {
  command
    .option('--attach <file>', 'attach an image, a sound or a file; may be given again', collect)
    .option(
      '--deadline <seconds>',
      'end the turn after this long; the gateway sees to it, also when this command is gone',
      seconds,
    )
    .addOption(new Option('--lane <lane>', 'which prompts it waits with when agents are short').choices([...LANE]))
}

function collect(file: string, before: readonly string[] = []): string[] {
  return [...before, file]
}

function secondsOrNever(text: string): number | 'never' {
  return text === 'never' ? text : seconds(text)
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value >= 0.1 && value <= 2_592_000)) throw new InvalidArgumentError('Give a number of seconds from 0.1.')
  return value
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}
