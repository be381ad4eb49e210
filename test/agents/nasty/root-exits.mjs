// Exits at once and leaves a child that holds its pipes.
import { startLingering, tell } from './nasty.mjs'

tell('root')
process.stdout.write('last words\n')
startLingering('child', { stdio: 'inherit' })
setTimeout(() => process.exit(0), 200)
