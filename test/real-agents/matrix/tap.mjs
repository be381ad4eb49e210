// `node tap.mjs JOURNAL PROGRAM ARGS…`: the program, with its pipes passed through; the methods that it asks its client for are written down, one a line.

import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [journal, program, ...args] = process.argv.slice(2)
const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
process.stdin.pipe(child.stdin)
child.stdin.on('error', () => {})
child.stdout.pipe(process.stdout)
createInterface({ input: child.stdout }).on('line', (line) => {
  try {
    const { method, id } = JSON.parse(line)
    if (typeof method === 'string' && id !== undefined) appendFileSync(journal, `${method}\n`)
  } catch {
    // Not a message: the gateway says so.
  }
})
child.on('close', (code) => process.exit(code ?? 1))
