// Entry of the demo agent: an ACP agent on stdio that needs no key and no model. Ends when its stdin ends.
// Owns its own environment and arguments; nothing imports this file, it is started as a program of its own.

import { decodeLines, LineFramer } from '../base/line-framer.ts'
import { DemoAgent } from './demo-agent.ts'
import { readSettings } from './settings.ts'
import { openTranscripts } from './transcripts.ts'

const LINE_BYTES_MAX = 32 * 1024 * 1024

const settings = readSettings(process.env, process.argv.slice(2))
const agent = new DemoAgent({
  send: (line) => void process.stdout.write(`${line}\n`),
  transcripts: openTranscripts(settings.stateDir),
  wordMs: settings.wordMs,
})
const framer = new LineFramer(LINE_BYTES_MAX)

process.stdin.on('data', (chunk: Buffer) => {
  const lines = framer.push(chunk)
  for (const line of lines === undefined ? [] : decodeLines(lines.bytes)) agent.receive(line)
  if (framer.isTooLong) process.stdin.destroy()
})
process.stdin.on('close', () => agent.close())
process.stdout.on('error', () => process.stdin.destroy()) // the reader is gone: nobody is left to talk to
