// Ignores SIGTERM and the end of its input.
import { stay, tell } from './nasty.mjs'

process.on('SIGTERM', () => {})
stay()
tell('root')
