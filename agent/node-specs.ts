import { readFileSync } from 'node:fs'
import { arch, availableParallelism, hostname, networkInterfaces, platform, release, totalmem } from 'node:os'
import { PROTOCOL_VERSION } from '../shared/protocol/version'
import type { NodeSpecs } from '../shared/schemas/node'
import { findAddress } from './node-address'
import type { AgentSettings } from './config'
import { readBootId } from './process-identity'
import { AGENT_VERSION } from './version'

/** What this machine is and has. `engine` and `layout` are found out elsewhere. */
export function nodeSpecsOf(
  settings: AgentSettings,
  found: Pick<NodeSpecs, 'engine' | 'layout' | 'layoutNotice' | 'program'>,
): NodeSpecs {
  return {
    hostname: hostname(),
    os: systemName(),
    arch: arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    agentVersion: AGENT_VERSION,
    program: found.program,
    protocolVersion: PROTOCOL_VERSION,
    bootId: readBootId(),
    runtime: settings.runtime,
    layout: found.layout,
    layoutNotice: found.layoutNotice,
    engine: found.engine,
    ports: settings.ports,
    ...findAddress(settings, networkInterfaces()),
    publicBind: settings.publicBind.join(','),
    privateBind: settings.privateBind.join(','),
    maxInstances: settings.maxInstances,
    region: settings.region,
    tags: settings.tags,
    labels: settings.labels,
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
