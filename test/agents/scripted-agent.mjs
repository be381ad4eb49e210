// An ACP v1 agent that does what `@directives` in the prompt say, and keeps a journal of everything it received.
// Flags: --journal=FILE --state=DIR --init=hang|crash|junk|exit0|badver|error --new=hang|error|auth --load=hang|error
// --login=FILE --log-in --auth=hang|error
// --init-delay=MS --term=ignore --eof=ignore|daemon --banner --no-load --no-close --resume --list --fork --delete[=keeps] --modes --config. Directives: scripted/directives.mjs.

import { readFlags } from './scripted/flags.mjs'
import { openJournal } from './scripted/journal.mjs'
import { runTerminalLogin } from './scripted/login.mjs'
import { serve } from './scripted/serve.mjs'
import { installExits } from './scripted/exits.mjs'
import { Wire } from './scripted/wire.mjs'

const flags = readFlags(process.argv.slice(2), process.env)
const journal = openJournal(flags.journal)
journal('start', { argv: process.argv.slice(2), cwd: process.cwd(), ppid: process.ppid })
if (flags.banner) process.stdout.write('Welcome to the scripted agent 1.0\n\n  ready to help\n')
runTerminalLogin(flags)
const wire = new Wire()
installExits(flags, journal)
serve(wire, flags, journal)
