// `holdfast serve`, as if it were of another version: `node serve-as.ts 9.9.9`. What an upgrade looks like to a keeper.

import { serveGateway } from '../../src/daemon/gateway-process.ts'
import { Controls } from '../../src/life/controls.ts'
import { Requests } from '../../src/life/requests.ts'

const [version = '0.0.0'] = process.argv.slice(2)
const requests = new Requests()
process.on('SIGTERM', (signal) => void requests.stop(signal))
await serveGateway({
  version,
  detached: false,
  flags: {},
  requests,
  controls: new Controls(),
  onCrash: () => {},
  announce: (line) => void process.stderr.write(`${line}\n`),
})
