import { expect, test } from 'vitest'

import { loadConfig } from './load.ts'
import { LiveConfig } from './live-config.ts'
import { pathsOf } from './paths.ts'
import { reloadConfig } from './reload.ts'

const HOME = { HOLDFAST_HOME: '/nowhere' }

function config(env: Readonly<Record<string, string>> = {}) {
  const all = { ...HOME, ...env }
  return loadConfig({ env: all, paths: pathsOf(all) })
}

test('an option that needs a restart keeps its value and is listed again by each reload until then', () => {
  const read = config({ HOLDFAST_HTTP_PORT: '1', HOLDFAST_LIMITS_QUEUE_DEPTH_MAX: '5' })
  const first = reloadConfig(config(), read)
  expect(first.change).toEqual({
    applied: [{ name: 'limits.queueDepthMax', from: 32, to: 5 }],
    pending: [{ name: 'http.port', from: 7433, to: 1 }],
    agents: [],
    mcpServers: [],
  })
  expect([first.config.http.port, first.config.limits.queueDepthMax]).toEqual([7433, 5])
  expect(first.config.origins).toMatchObject({ 'http.port': 'default', 'limits.queueDepthMax': 'env' })
  const second = reloadConfig(first.config, read)
  expect(second.change).toMatchObject({ applied: [], pending: [{ name: 'http.port' }] })
})

test('a list that says the same is no change', () => {
  const env = { HOLDFAST_HTTP_ALLOWED_ORIGINS: 'https://a.test' }
  expect(reloadConfig(config(env), config(env)).change).toEqual({
    applied: [],
    pending: [],
    agents: [],
    mcpServers: [],
  })
})

test('agents that come, go, and change are named', () => {
  const agent = {
    name: 'a',
    title: 'A',
    command: ['a'],
    env: {},
    spares: 0,
    terminals: false,
    files: 'none',
    permissionMode: undefined,
  }
  const withAgents = (...agents: object[]) => ({
    ...config(),
    agentDefinitions: new Map(agents.map((each) => [(each as typeof agent).name, each])) as never,
  })
  const before = withAgents(agent, { ...agent, name: 'b' }, { ...agent, name: 'c' })
  const after = withAgents({ ...agent, title: 'B' }, { ...agent, name: 'c' }, { ...agent, name: 'd' })
  expect(reloadConfig(before, after).change.agents).toEqual([
    { name: 'a', change: 'changed' },
    { name: 'b', change: 'removed' },
    { name: 'd', change: 'added' },
  ])
})

test('a view has the values of the newest configuration, and none of one that no view can be made of', () => {
  const live = new LiveConfig(config())
  const limits = live.view(({ limits: { queueDepthMax } }) => ({ queueDepthMax }))
  live.view(({ limits: { queueDepthMax } }) => {
    if (queueDepthMax === 6) throw new Error('no view')
    return { queueDepthMax }
  })
  live.use(config({ HOLDFAST_LIMITS_QUEUE_DEPTH_MAX: '5' }))
  expect([limits.queueDepthMax, live.current.limits.queueDepthMax]).toEqual([5, 5])
  expect(() => live.use(config({ HOLDFAST_LIMITS_QUEUE_DEPTH_MAX: '6' }))).toThrow('no view')
  expect([limits.queueDepthMax, live.current.limits.queueDepthMax]).toEqual([5, 5])
})

test('MCP servers that come, go, and change are named, without what is in them', () => {
  const having = (servers: object) => ({ ...config({}), mcpServers: new Map(Object.entries(servers)) as never })
  const before = having({ same: { url: 'a' }, changed: { url: 'secret' }, gone: {} })
  const { change } = reloadConfig(before, having({ same: { url: 'a' }, changed: { url: 'other' }, come: {} }))
  expect(change.mcpServers).toEqual([
    { name: 'changed', change: 'changed' },
    { name: 'gone', change: 'removed' },
    { name: 'come', change: 'added' },
  ])
})
