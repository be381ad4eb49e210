// A process with an inline host, to be killed: starts the nasty programs of its arguments, then prints its instance and leases.

import { openNastyHost } from './nasty-host.ts'

const rig = await openNastyHost()
for (const program of process.argv.slice(2)) {
  const nasty = await rig.start(program)
  await nasty.waitTold(program === 'fork-storm.mjs' ? 21 : 2)
}
const { instanceNumber, rows } = rig.leases
console.log(JSON.stringify({ instance: instanceNumber(), directory: rig.directory, rows: [...rows.values()] }))
setInterval(() => {}, 60_000)
