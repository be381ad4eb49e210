// `holdfast serve`, as if it were of another version: `node serve-as.ts 9.9.9`. What an upgrade looks like to a keeper.

import { serveGateway } from '../../src/daemon/serve-gateway.ts'
import { SIGNALS } from '../../src/life/signals.ts'

const [version = '0.0.0'] = process.argv.slice(2)
await serveGateway({
  version,
  detached: false,
  flags: {},
  onCrash: () => {},
  onSignal: (listener) => {
    for (const name of SIGNALS) process.on(name, () => listener(name))
  },
  exit: (code) => process.exit(code),
  announce: (line) => void process.stderr.write(`${line}\n`),
})
