// Leaves a daemon without environment. With --quick the process between lives for a moment only.
import { exitAtEof, hasFlag, runShell, tell } from './nasty.mjs'

exitAtEof()
tell('root')
const last = hasFlag('quick') ? 'exit 0' : 'sleep 1'
runShell(`env -i PATH=/usr/bin:/bin setsid sh "$1" "$2" "$3" & ${last}`, 'daemon', { detached: true })
