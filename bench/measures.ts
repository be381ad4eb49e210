// Everything that is measured, in the order of the table.

import { measureAgent } from './measure-agent.ts'
import { measureCli } from './measure-cli.ts'
import { measureColdStart } from './measure-cold-start.ts'
import { measureFacade } from './measure-facade.ts'
import { measureFlatness } from './measure-flatness.ts'
import { measureIdle } from './measure-idle.ts'
import { measureKeeper } from './measure-keeper.ts'
import { measureMany } from './measure-many.ts'
import { measureMemory } from './measure-memory.ts'
import { measureRestart } from './measure-restart.ts'
import { measureStream } from './measure-stream.ts'
import { measureSweep } from './measure-sweep.ts'
import { measureTranscripts } from './measure-transcripts.ts'
import { measureTurn } from './measure-turn.ts'
import { measureUpdates } from './measure-updates.ts'
import type { Measure } from './measure.ts'

export const MEASURES: readonly Measure[] = [
  { name: 'turn', run: measureTurn },
  { name: 'stream', run: measureStream },
  { name: 'updates', run: measureUpdates },
  { name: 'keeper', run: measureKeeper },
  { name: 'facade', run: measureFacade },
  { name: 'cold', run: measureColdStart },
  { name: 'agent', run: measureAgent },
  { name: 'cli', run: measureCli },
  { name: 'flat', run: measureFlatness },
  { name: 'many', run: measureMany },
  { name: 'memory', run: measureMemory },
  { name: 'restart', run: measureRestart },
  { name: 'sweep', run: measureSweep },
  { name: 'transcripts', run: measureTranscripts },
  { name: 'idle', run: measureIdle },
]

/** What can be measured without a gateway process. */
export const IN_PROCESS_MEASURES: readonly Measure[] = MEASURES.filter(({ name }) =>
  ['turn', 'stream', 'cold'].includes(name),
)
