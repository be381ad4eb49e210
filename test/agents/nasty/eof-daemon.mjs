// At the end of its input it starts a daemon and exits with 0.
import { startLingering, tell } from './nasty.mjs'

process.stdin.resume()
process.stdin.once('end', () => {
  startLingering('daemon', { detached: true })
  setTimeout(() => process.exit(0), 100)
})
tell('root')
