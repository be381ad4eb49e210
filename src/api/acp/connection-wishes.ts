// What the URL of an ACP connection may ask for: `/acp?agent=NAME&mcp_servers=ignore`.

import type { ConnectionWishes } from '../../facade/ports.ts'

/** What is not known is left out; nothing in a URL grants anything. */
export function readWishes(url: string | undefined): ConnectionWishes {
  const query = new URLSearchParams(url?.split('?')[1] ?? '')
  const agent = query.get('agent')
  return {
    ...(agent !== null && agent !== '' && { agent: agent.slice(0, 200) }),
    ...(query.get('mcp_servers') === 'ignore' && { ignoresMcpServers: true }),
  }
}
