import { createHash } from 'node:crypto'
import type { ContainerCreateOptions, MountSettings } from 'dockerode'
import { POLICY } from '../../shared/domain/policy'
import type { RunSpec } from './container-runtime'

/** Labels by which a container is found again, and by which it is known whose it is. */
export const LABEL = {
  network: 'strata.network',
  node: 'strata.node',
  instance: 'strata.instance',
  generation: 'strata.generation',
  run: 'strata.run',
  plan: 'strata.plan',
} as const

const MIB = 1024 ** 2

/** dockerode's types lack what newer engines know. */
export type ContainerSettings = ContainerCreateOptions & { HostConfig: { CgroupnsMode: 'private' } }

export interface DockerHost {
  nodeId: string
  /** null: the brain did not say, because it is older than that. */
  network: string | null
  owner: { uid: number; gid: number }
  /** Holds one line, `machineId(instanceId)`; mounted read-only. */
  machineIdFile: string
  /** The engine runs without root: its containers' user 0 is the engine's own user, which has no power and owns the node's files. */
  isRootless: boolean
}

/** Whose a container or volume is. */
export function ownerLabels(owner: Pick<DockerHost, 'nodeId' | 'network'> & { instanceId: string }) {
  return {
    ...(owner.network ? { [LABEL.network]: owner.network } : {}),
    [LABEL.node]: owner.nodeId,
    [LABEL.instance]: owner.instanceId,
  }
}

/** True for what this node made for the instance; without a network label it was made before there was one. */
export function isOwn(
  labels: Readonly<Record<string, string>> | null,
  owner: Pick<DockerHost, 'nodeId' | 'network'> & { instanceId: string },
): boolean {
  const network = labels?.[LABEL.network]
  const isSameNetwork = network === undefined || owner.network === null || network === owner.network
  return isSameNetwork && labels?.[LABEL.node] === owner.nodeId && labels[LABEL.instance] === owner.instanceId
}

/** The name is a second lock: Docker refuses a second container of the same instance whoever asks. */
export function containerName(instanceId: string): string {
  return `strata-${instanceId}`
}

/** What the server finds in /etc/machine-id: the same for every run of an instance, another for every instance (Hytale ties stored credentials to it). */
export function machineId(instanceId: string): string {
  return createHash('sha256').update(`strata machine-id ${instanceId}`).digest('hex').slice(0, 32)
}

/**
 * Everything Docker is told about a run, from typed fields only; `tests/unit/agent/runtime/docker-settings.golden.json` is
 * compared with it. What is not said here keeps Docker's default and is safe: not privileged, no devices, default seccomp
 * profile, namespaces of its own.
 */
export function containerSettings(run: RunSpec, host: DockerHost): ContainerSettings {
  if (host.owner.uid === 0 || host.owner.gid === 0) throw new RangeError('servers never run as user or group 0')
  const memory = (run.resources.memoryMb ?? POLICY.limits.memoryMb) * MIB
  return {
    name: containerName(run.instanceId),
    Image: run.image,
    ...(run.command.length > 0 ? { Cmd: [...run.command] } : {}),
    WorkingDir: run.workdir,
    User: host.isRootless ? '0:0' : `${host.owner.uid}:${host.owner.gid}`,
    Env: Object.entries(run.env).map(([name, value]) => `${name}=${value}`),
    Labels: {
      ...ownerLabels({ ...host, instanceId: run.instanceId }),
      [LABEL.generation]: String(run.generation),
      [LABEL.run]: run.runId,
      [LABEL.plan]: run.planHash,
    },
    Hostname: run.instanceId,
    // The console's input stays open however often the agent comes and goes; without a terminal, so that output is what was written.
    OpenStdin: true,
    StdinOnce: false,
    Tty: false,
    StopSignal: run.stopSignal,
    // When the engine itself is stopped, servers get the same time to save as when Strata stops them.
    StopTimeout: run.stopGraceSeconds,
    ExposedPorts: Object.fromEntries(run.ports.map(port => [`${port.container}/${port.protocol}`, {}])),
    HostConfig: {
      // A first process that forwards signals and collects children: servers started by a shell would hear no SIGTERM.
      Init: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Memory: memory,
      MemorySwap: memory,
      ...(run.resources.cpus ? { NanoCpus: Math.round(run.resources.cpus * 1e9) } : {}),
      PidsLimit: run.resources.pids ?? POLICY.limits.pids,
      IpcMode: 'private',
      CgroupnsMode: 'private',
      NetworkMode: 'bridge',
      // The agent restarts servers, with delays and an end; the engine must not.
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      LogConfig: {
        Type: 'local',
        Config: { 'max-size': String(POLICY.engine.logBytes), 'max-file': '2', compress: 'false' },
      },
      PortBindings: portBindings(run),
      Mounts: [
        stackMount(run),
        {
          Type: 'bind',
          Source: host.machineIdFile,
          Target: '/etc/machine-id',
          ReadOnly: true,
          BindOptions: { Propagation: 'rprivate' },
        },
      ],
    },
  }
}

function stackMount(run: RunSpec): MountSettings {
  if (run.mount.kind === 'directory') {
    return { Type: 'bind', Source: run.mount.path, Target: run.workdir, BindOptions: { Propagation: 'rprivate' } }
  }
  // Without NoCopy an empty stack would be filled with the image's files, and its root given the image's owner.
  return {
    Type: 'volume',
    Source: run.mount.name,
    Target: run.workdir,
    VolumeOptions: { NoCopy: true } as MountSettings['VolumeOptions'],
  }
}

function portBindings(run: RunSpec): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of run.ports) {
    if (!port.host) continue
    const key = `${port.container}/${port.protocol}`
    const { addresses, port: number } = port.host
    const bound = addresses.map(address => ({ HostIp: address, HostPort: String(number) }))
    bindings[key] = [...(bindings[key] ?? []), ...bound]
  }
  return bindings
}
