// A daemon the classic way: a middle process in a new session starts it and exits, so nothing links it to the root.
import { exitAtEof, runShell, tell } from './nasty.mjs'

exitAtEof()
tell('root')
runShell('setsid sh "$1" "$2" "$3" & exit 0', 'daemon', { detached: true })
