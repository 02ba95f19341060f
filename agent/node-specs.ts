import { readFileSync } from 'node:fs'
import { arch, availableParallelism, hostname, networkInterfaces, platform, release, totalmem } from 'node:os'
import { PROTOCOL_VERSION } from '../shared/protocol/version'
import type { NodeSpecs } from '../shared/schemas/node'
import { isLoopback } from './config'
import type { AgentSettings } from './config'
import { readBootId } from './process-identity'
import { AGENT_VERSION } from './version'

/** What this machine is and has. `engine` and `layout` are found out elsewhere. */
export function nodeSpecsOf(settings: AgentSettings, found: Pick<NodeSpecs, 'engine' | 'layout'>): NodeSpecs {
  return {
    hostname: hostname(),
    os: systemName(),
    arch: arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    agentVersion: AGENT_VERSION,
    protocolVersion: PROTOCOL_VERSION,
    bootId: readBootId(),
    runtime: settings.runtime,
    layout: found.layout,
    engine: found.engine,
    ports: settings.ports,
    address: settings.address ?? defaultAddress(settings),
    publicBind: settings.publicBind,
    privateBind: settings.privateBind,
    maxInstances: settings.maxInstances,
    region: settings.region,
    tags: settings.tags,
    reserve: settings.reserve,
  }
}

/** `PRETTY_NAME` of os-release(5); elsewhere what the kernel calls itself. */
function systemName(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    if (name) return name
  } catch {
    // Not a Linux that says so.
  }
  return `${platform()} ${release()}`
}

/**
 * What players use when the settings do not say: the address that public ports are bound to, else the first one of this machine
 * that others may reach, else loopback.
 */
function defaultAddress({ publicBind }: AgentSettings): string {
  if (publicBind !== '0.0.0.0' && publicBind !== '::') return publicBind
  const cards = Object.entries(networkInterfaces()).filter(([name]) => !/^(?:docker|br-|veth|virbr|lo)/.test(name))
  const addresses = cards
    .flatMap(([, card]) => card ?? [])
    .filter(card => !card.internal && card.family === 'IPv4' && !isLoopback(card.address))
  return addresses[0]?.address ?? '127.0.0.1'
}
