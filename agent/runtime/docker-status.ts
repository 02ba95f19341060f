import { constants } from 'node:os'
import { z } from 'zod'
import type { ExitInfo, RunStatus } from './container-runtime'
import { LABEL } from './docker-spec'

/** What is read of `GET /containers/:id/json`. */
export const inspected = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({
    Status: z.string(),
    OOMKilled: z.boolean().default(false),
    ExitCode: z.int(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullable() }),
  NetworkSettings: z.object({
    IPAddress: z.string().optional(),
    Networks: z.record(z.string(), z.object({ IPAddress: z.string().optional() })).nullish(),
    Ports: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable()).nullish(),
  }),
})
export type Inspected = z.output<typeof inspected>

export function runStatusOf(container: Inspected): RunStatus {
  const labels = container.Config.Labels ?? {}
  const state = stateOf(container.State.Status)
  return {
    instanceId: labels[LABEL.instance] ?? '',
    runId: labels[LABEL.run] ?? '',
    generation: Number(labels[LABEL.generation] ?? 0),
    planHash: labels[LABEL.plan] ?? '',
    state,
    startedAt: timeOf(container.State.StartedAt),
    exit: state === 'exited' ? exitOf(container) : null,
  }
}

/** The address of a container in its own network; null while it has none. */
export function addressOf(container: Inspected): string | null {
  const networks = Object.values(container.NetworkSettings.Networks ?? {})
  return networks.find(network => network.IPAddress)?.IPAddress || container.NetworkSettings.IPAddress || null
}

/** Where a TCP port of a container is published on this machine; null when it is not. */
export function publishedAddressOf(container: Inspected, containerPort: number) {
  const [binding] = container.NetworkSettings.Ports?.[`${containerPort}/tcp`] ?? []
  if (!binding) return null
  const isAnywhere = binding.HostIp === '' || binding.HostIp === '0.0.0.0' || binding.HostIp === '::'
  return { host: isAnywhere ? '127.0.0.1' : binding.HostIp, port: Number(binding.HostPort), isProxied: true }
}

function stateOf(status: string): RunStatus['state'] {
  if (status === 'created' || status === 'paused') return status
  return status === 'running' || status === 'restarting' ? 'running' : 'exited'
}

function exitOf({ State }: Inspected): ExitInfo {
  return {
    code: State.ExitCode,
    signal: signalOfCode(State.ExitCode),
    // The flag is also set when only a child was killed; a server that then ended well did not run out of memory.
    outOfMemory: State.OOMKilled && State.ExitCode !== 0,
    at: timeOf(State.FinishedAt) ?? Date.now(),
  }
}

/** 128 + n is how a shell and Docker tell that signal n ended a program. */
export function signalOfCode(code: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === code - 128)
  return (found?.[0] as NodeJS.Signals | undefined) ?? null
}

/** Docker's zero time (year 1) means never. */
function timeOf(text: string): number | null {
  const at = Date.parse(text)
  return Number.isNaN(at) || at <= 0 ? null : at
}
