// Overwrites its command line, as do a child in a session of its own and that one's child.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { exitAtEof, log, stay, tell } from './nasty.mjs'

const depth = Number(process.argv.find((arg) => arg.startsWith('--depth='))?.slice('--depth='.length) ?? 0)
if (depth < 2) {
  const self = fileURLToPath(import.meta.url)
  spawn(process.execPath, [self, `--log=${log}`, `--depth=${depth + 1}`], { stdio: 'ignore', detached: true })
}
process.title = ' '
if (depth === 0) exitAtEof()
else {
  process.on('SIGTERM', () => {})
  stay()
}
tell(depth === 0 ? 'root' : 'child')
