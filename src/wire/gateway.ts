// The gateway itself on the wire: its agents, its status, and stopping it.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { Time, nullable } from './scalars.ts'

export const AgentView = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    /** The program only: arguments and environment may hold secrets. Null for a remote agent. */
    command: nullable(Type.String()),
    /** Where a remote agent is, with its port; nothing else of its address. Null for one that is a command. */
    host: nullable(Type.String()),
    /** built-in: known by name; installed: by `holdfast agents install`. */
    source: Type.Enum(['built-in', 'config', 'imported', 'installed']),
    /** A person configured or installed it, or it is our own: one of those that are meant when none is named. */
    chosen: Type.Boolean(),
    /** By the files alone: nothing is started for it. */
    installed: Type.Enum(['yes', 'no', 'unknown']),
    /** Of its package; null when that is not known. */
    version: nullable(Type.String()),
    /** Whether the gateway has a login for it, as far as files and variables tell. */
    login: Type.Enum(['yes', 'no', 'unknown']),
    /** What a person does to log in; null when that is not known. */
    login_help: nullable(Type.String()),
    homepage: nullable(Type.String()),
    /** The version of ACP that it is offered; auto: 2, then 1. */
    protocol: Type.Enum(['1', '2', 'auto']),
  },
  { title: 'Agent' },
)
export type AgentView = Static<typeof AgentView>

export const AgentList = Type.Object({ agents: Type.Array(AgentView) })
export type AgentList = Static<typeof AgentList>

export const GatewayState = Type.Enum(['starting', 'ready', 'draining', 'stopped'])
export type GatewayState = Static<typeof GatewayState>

export const KeeperView = Type.Object(
  {
    no: Type.Integer(),
    pid: Type.Integer(),
    version: Type.String(),
    agents: Type.Integer(),
    /** Of another version: it keeps the agents it has and takes no new ones. */
    retiring: Type.Boolean(),
  },
  { title: 'Keeper' },
)

export const SafeModeView = Type.Object(
  {
    since: Time,
    /** When it ends by itself if the gateway stays up. */
    ends_at: Time,
    /** The ends in a row that led to it. */
    crashes: Type.Integer(),
  },
  { title: 'SafeMode' },
)

export const CrashView = Type.Object(
  {
    epoch: Type.Integer(),
    pid: Type.Integer(),
    version: Type.String(),
    started_at: Time,
    /** When it ended, if that is known; else when it was found. */
    ended_at: Time,
    how: Type.Enum(['crashed', 'wedged', 'killed', 'machine_down']),
    reason: Type.String(),
    /** What became of the turns that it left running; null while the next life has not looked. */
    turns_taken_over: nullable(Type.Integer()),
    turns_interrupted: nullable(Type.Integer()),
  },
  { title: 'Crash' },
)
export type CrashView = Static<typeof CrashView>

export const StatusView = Type.Object(
  {
    version: Type.String(),
    node_version: Type.String(),
    pid: Type.Integer(),
    state: GatewayState,
    started_at: Time,
    /** Name of this gateway in its cluster; `local` on one machine. */
    node: Type.String(),
    epoch: Type.Integer(),
    /** Null when HTTP over TCP is off. */
    url: nullable(Type.String()),
    socket: nullable(Type.String()),
    state_dir: Type.String(),
    hosting: Type.Enum(['inline', 'keeper']),
    /** The processes that hold agents and outlive this gateway; empty with `inline`. */
    keepers: Type.Array(KeeperView),
    /** How process trees of agents are recognised. */
    tagging: Type.Enum(['prlimit', 'ulimit', 'marker']),
    agents_live: Type.Integer(),
    /** Of the live ones: connections to agents of other machines, which end with this gateway. */
    agents_remote: Type.Integer(),
    /** Of the live ones: those that wait for a prompt, and those that were started ahead for no session. */
    agents_idle: Type.Integer(),
    agents_spare: Type.Integer(),
    agents_stuck: Type.Integer(),
    /** Ends every agent when the gateway dies; null where there is none. */
    warden_pid: nullable(Type.Integer()),
    sessions: Type.Object({ open: Type.Integer(), closing: Type.Integer(), closed: Type.Integer() }),
    turns: Type.Object({ queued: Type.Integer(), active: Type.Integer() }),
    permissions_open: Type.Integer(),
    elicitations_open: Type.Integer(),
    /** Agents that want a login, and how many sessions wait for it. */
    logins_needed: Type.Array(
      Type.Object({
        agent: Type.String(),
        sessions: Type.Integer(),
        /** It runs on another machine: it is logged in there, or by its headers in the configuration. */
        elsewhere: Type.Boolean(),
      }),
    ),
    /** Sessions whose log is damaged and that are not closed. */
    sessions_quarantined: Type.Integer(),
    /** No room for new work: it is refused; what runs goes on. */
    disk_full: Type.Boolean(),
    streams_open: Type.Integer(),
    /** Null when it is off, as it should be. */
    safe_mode: nullable(SafeModeView),
    /** Lives of the gateway that are on record, and how many of them ended unasked. */
    lives: Type.Object({ known: Type.Integer(), crashed: Type.Integer() }),
    last_crash: nullable(CrashView),
  },
  { title: 'Status' },
)
export type StatusView = Static<typeof StatusView>

export const GatewayStop = Type.Object(
  {
    /** Do not wait for running turns. */
    now: Type.Optional(Type.Boolean()),
    /** Budget of the drain; the configured one when absent. */
    drain_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
    /** Leave agents and running turns to the next gateway, which has to come within the adoption grace. Needs a keeper. */
    keep_agents: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type GatewayStop = Static<typeof GatewayStop>

export const GatewayStopping = Type.Object({ state: GatewayState, pid: Type.Integer() })
export type GatewayStopping = Static<typeof GatewayStopping>

export const SafeModeChange = Type.Object(
  {
    /** It begins by itself; a person can only end it. */
    enabled: Type.Literal(false),
  },
  { additionalProperties: false },
)
export type SafeModeChange = Static<typeof SafeModeChange>

/** `left`: it was on. */
export const SafeModeChanged = Type.Object({ left: Type.Boolean() })
export type SafeModeChanged = Static<typeof SafeModeChanged>

export const GatewayRestart = Type.Object(
  {
    /** For the log: who wants it, and what for. */
    reason: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
)
export type GatewayRestart = Static<typeof GatewayRestart>

export const GatewayRestarting = Type.Object({
  /** `coalesced`: a restart that was asked for before is under way, and answers this request too. */
  outcome: Type.Enum(['accepted', 'coalesced']),
  /** What becomes of this process: it ends and its supervisor starts the next, another one takes over, or it goes on itself. */
  way: Type.Enum(['supervised', 'successor', 'in-process']),
  pid: Type.Integer(),
  /** Of the life that ends; the next one has a higher number. */
  epoch: Type.Integer(),
})
export type GatewayRestarting = Static<typeof GatewayRestarting>

export const Health = Type.Object({ ok: Type.Boolean() })
export type Health = Static<typeof Health>

/** `reason`: why no new work is taken. */
export const NotReady = Type.Object({
  ok: Type.Literal(false),
  reason: Type.Enum(['starting', 'draining', 'stopped', 'safe_mode', 'store']),
})
export type NotReady = Static<typeof NotReady>
