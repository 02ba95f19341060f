import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { AppError } from '../../shared/errors'
import type { StackMount } from '../prepare/port'
import type { DockerEngine } from './docker-engine'
import { engineWords, statusOf } from './docker-errors'
import { LABEL, isOwn, ownerLabels } from './docker-spec'

type VolumeMount = Extract<StackMount, { kind: 'volume' }>

interface VolumeOwner {
  nodeId: string
  network: string | null
  instanceId: string
}

const volume = z.object({
  Name: z.string(),
  Driver: z.string(),
  Options: z.record(z.string(), z.string()).nullable(),
  Labels: z.record(z.string(), z.string()).nullable(),
})

/**
 * The volume of a mount exists with exactly these options, and it is the instance's only one. An existing name silently keeps
 * its old options, so what came out is inspected; a stale volume is made anew. LAYOUT_FAILED when something else holds it.
 */
export async function ensureVolume(engine: DockerEngine, owner: VolumeOwner, mount: VolumeMount): Promise<void> {
  for (const name of await volumesOf(engine, owner)) if (name !== mount.name) await removeVolume(engine, name)
  const found = await makeVolume(engine, owner, mount)
  refuseStrangers(found, owner)
  if (isDeepStrictEqual(found.Options, mount.options) && found.Driver === 'local') return
  await removeVolume(engine, mount.name)
  const made = await makeVolume(engine, owner, mount)
  if (isDeepStrictEqual(made.Options, mount.options)) return
  throw new AppError(
    'LAYOUT_FAILED',
    `Docker keeps other options for the volume ${mount.name} than were asked for. Remove it by hand (docker volume rm ${mount.name}) and start again; no own files are in it.`,
  )
}

/** Removes all volumes of an instance. They hold no bytes of their own: own files lie in the node's data folder. */
export async function removeVolumes(engine: DockerEngine, owner: VolumeOwner): Promise<void> {
  for (const name of await volumesOf(engine, owner)) await removeVolume(engine, name)
}

/** Docker gives whatever volume has the name, whosever it is. */
function refuseStrangers({ Name, Labels }: z.output<typeof volume>, owner: VolumeOwner): void {
  // Without a label nobody is known to need it: it holds no bytes of its own, and is made anew if its options differ.
  if (isOwn(Labels, owner) || !Labels?.[LABEL.node]) return
  throw new AppError(
    'LAYOUT_FAILED',
    `The volume ${Name} exists and is not this node's: another Strata network, or somebody by hand, made it on the same Docker. Nothing was touched. Remove it there, or give one of the two a Docker of its own.`,
  )
}

async function makeVolume(engine: DockerEngine, owner: VolumeOwner, mount: VolumeMount) {
  const settings = {
    Name: mount.name,
    Driver: 'local',
    DriverOpts: { ...mount.options },
    Labels: ownerLabels(owner),
  }
  await engine.call(`create the volume ${mount.name}`, abortSignal =>
    engine.docker.createVolume({ ...settings, abortSignal }),
  )
  const answer: unknown = await engine.call(`inspect the volume ${mount.name}`, () =>
    engine.docker.getVolume(mount.name).inspect(),
  )
  return volume.parse(answer)
}

async function volumesOf(engine: DockerEngine, owner: VolumeOwner): Promise<string[]> {
  const label = [`${LABEL.node}=${owner.nodeId}`, `${LABEL.instance}=${owner.instanceId}`]
  const answer: unknown = await engine.call('list volumes', abortSignal =>
    engine.docker.listVolumes({ filters: JSON.stringify({ label }), abortSignal }),
  )
  const listed = z.object({ Volumes: z.array(volume.pick({ Name: true, Labels: true })).nullable() }).parse(answer)
  return (listed.Volumes ?? []).filter(({ Labels }) => isOwn(Labels, owner)).map(({ Name }) => Name)
}

async function removeVolume(engine: DockerEngine, name: string): Promise<void> {
  try {
    await engine.call(`remove the volume ${name}`, () => engine.docker.getVolume(name).remove(), [404, 409])
  } catch (error) {
    if (statusOf(error) === 404) return
    if (statusOf(error) !== 409) throw error
    throw new AppError(
      'LAYOUT_FAILED',
      `The volume ${name} is held by something that Strata did not make: ${engineWords(error)}. Remove that first (docker ps -a --filter volume=${name}).`,
      { cause: error },
    )
  }
}
