// `holdfast serve`, as if it were of another version: `node serve-as.ts 9.9.9`. What an upgrade looks like to a keeper.

import { serveGateway } from '../../src/daemon/gateway-process.ts'
import { StopSwitch } from '../../src/daemon/stop-switch.ts'

const [version = '0.0.0'] = process.argv.slice(2)
const stop = new StopSwitch()
process.on('SIGTERM', (signal) => void stop.request(signal))
await serveGateway({
  version,
  detached: false,
  flags: {},
  stop,
  onCrash: () => {},
  announce: (line) => void process.stderr.write(`${line}\n`),
})
