// Stops itself, so that it sees neither the end of its input nor a signal.
import { stay, tell } from './nasty.mjs'

stay()
tell('root')
process.kill(process.pid, 'SIGSTOP')
