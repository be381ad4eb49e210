// Ends when its input ends. The measure for all the others.
import { exitAtEof, tell } from './nasty.mjs'

tell('root')
exitAtEof()
