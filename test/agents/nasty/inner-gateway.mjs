// Starts a gateway of its own inside the tree of an agent: inner-gateway.mjs HOME LAUNCHER NAME=VALUE (for its environment). Ends with it.
import { spawn } from 'node:child_process'

const [home, launcher, mark] = process.argv.slice(2)
const [name, value] = mark.split('=')
const env = { ...process.env, HOLDFAST_HOME: home, [name]: value }
const gateway = spawn(process.execPath, [launcher, 'serve'], { env, detached: true, stdio: 'ignore' })
gateway.once('exit', (code) => process.exit(code ?? 1))
