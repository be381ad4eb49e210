// The checkpoint thread of a store, if its owner has nothing else for it to do. Started by checkpoint.ts only.

import { parentPort, workerData } from 'node:worker_threads'

import { serveCheckpoints } from './checkpoint-thread.ts'
import type { CheckpointWorkerData } from './checkpoint.ts'

serveCheckpoints(parentPort!, (workerData as CheckpointWorkerData).file)
