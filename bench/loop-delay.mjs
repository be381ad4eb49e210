// Loaded into the gateway by the benchmark (--import): event-loop delay between two signals, as the runtime sees it.
// SIGUSR2 starts the probe; the next one stops it and writes what it saw to BENCH_LOOP_DELAY_FILE.

import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const file = process.env.BENCH_LOOP_DELAY_FILE

function probe() {
  let histogram
  process.on('SIGUSR2', () => {
    if (histogram === undefined) {
      histogram = monitorEventLoopDelay({ resolution: 1 })
      histogram.enable()
      return writeWhole({ running: true })
    }
    histogram.disable()
    writeWhole({ running: false, p99Ms: histogram.percentile(99) / 1e6, maxMs: histogram.max / 1e6 })
    histogram = undefined
  })
}

/** By a rename, so that a reader never sees half of it. */
function writeWhole(report) {
  writeFileSync(`${file}.new`, JSON.stringify(report))
  renameSync(`${file}.new`, file)
}

if (isMainThread && file !== undefined) probe()
