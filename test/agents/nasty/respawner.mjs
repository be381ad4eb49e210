// A watcher in a session of its own starts its child again whenever that ends; the root does the same for the watcher.
import { exitAtEof, runShell, tell } from './nasty.mjs'

exitAtEof()
tell('root')
function watch() {
  const script = 'trap "" TERM; while :; do sh "$1" "$2" "$3" & wait $!; done'
  runShell(script, 'child', { detached: true }).once('exit', watch)
}
watch()
