// `npm run bench [-- --json --only=<measure> --rounds=<n> --launcher=<file> --no-acpx]`: Holdfast as its users run it, beside the floor and the peer.

import { readArgs } from './args.ts'
import { MEASURES } from './measures.ts'
import { report } from './report.ts'

await report({ measures: MEASURES, main: 'gateway', args: readArgs(process.argv.slice(2)) })
