// Takes memory, 16 MiB at a time, up to a bound that no test reaches where the limit works: --mib=N.
import { exitAtEof, tell } from './nasty.mjs'

const mib = Number(process.argv.find((arg) => arg.startsWith('--mib='))?.slice('--mib='.length) ?? 0)
const kept = []

exitAtEof()
tell('root')
const timer = setInterval(() => {
  kept.push(Buffer.alloc(16 * 1024 * 1024, 1))
  if (kept.length * 16 >= mib) clearInterval(timer)
}, 1)
