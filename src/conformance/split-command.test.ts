import { expect, test } from 'vitest'

import { splitCommand } from './split-command.ts'

test('a command is split at spaces, as quotes and backslashes say; nothing is expanded', () => {
  for (const [text, argv] of [
    ['agent --acp', ['agent', '--acp']],
    ['  \'my agent\'  "--name=a b" ', ['my agent', '--name=a b']],
    [String.raw`/opt/my\ agent x"y z"'\n'`, ['/opt/my agent', String.raw`xy z\n`]],
    [String.raw`agent "say \"hi\" \d" ''`, ['agent', String.raw`say "hi" \d`, '']],
    ['agent $HOME *; rm', ['agent', '$HOME', '*;', 'rm']],
  ] as const)
    expect(splitCommand(text)).toEqual(argv)
})

test('no command, or a quote without its end, is a bad request', () => {
  for (const text of ['', '  ', "''", "agent 'x", 'agent "x'])
    expect(() => splitCommand(text), text).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }) as Error)
})
