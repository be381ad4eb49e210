// Entry of the built-in agent: an ACP agent on stdio. Asks for compiled code to be kept, in the user's own cache, then loads the rest.

import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

function keepCompiledCode(): void {
  try {
    enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast', 'compiled'))
  } catch {
    // no home directory: start without a cache
  }
}

keepCompiledCode()
const { runOnStdio } = await import('./on-stdio.ts')
process.exit(await runOnStdio())
