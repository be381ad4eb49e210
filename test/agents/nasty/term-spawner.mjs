// Does not see the end of its input; at SIGTERM it starts a daemon, then exits.
import { startLingering, stay, tell } from './nasty.mjs'

stay()
process.on('SIGTERM', () => {
  startLingering('daemon', { detached: true })
  setTimeout(() => process.exit(0), 100)
})
tell('root')
