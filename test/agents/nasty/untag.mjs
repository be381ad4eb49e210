// Leaves a daemon that has no environment, no parent of ours, a session of its own, and has lowered its own limits: hostile, not careless.
import { exitAtEof, runShell, tell } from './nasty.mjs'

exitAtEof()
tell('root')
const untagged = 'env -i PATH=/usr/bin:/bin setsid prlimit --locks=1:1 sh "$1" "$2" "$3" &'
runShell(untagged, 'daemon', { detached: true })
