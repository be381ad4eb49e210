// `node bench/in-process.ts`: the same table without the front door, to see what the API costs and what everything else does.

import { readArgs } from './args.ts'
import { IN_PROCESS_MEASURES } from './measures.ts'
import { report } from './report.ts'

await report({ measures: IN_PROCESS_MEASURES, main: 'in-process', args: readArgs(process.argv.slice(2)) })
