// Leaves a child in a session of its own.
import { exitAtEof, startLingering, tell } from './nasty.mjs'

exitAtEof()
tell('root')
startLingering('child', { detached: true })
