// Twenty children, half of them in sessions of their own.
import { exitAtEof, startLingering, tell } from './nasty.mjs'

exitAtEof()
tell('root')
for (let i = 0; i < 20; i++) startLingering('child', { detached: i % 2 === 0 })
