import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { AppError } from '../../shared/errors'
import type { StackMount } from '../prepare/port'
import type { DockerEngine } from './docker-engine'
import { engineWords, statusOf } from './docker-errors'
import { LABEL } from './docker-spec'

type VolumeMount = Extract<StackMount, { kind: 'volume' }>

const volume = z.object({ Name: z.string(), Driver: z.string(), Options: z.record(z.string(), z.string()).nullable() })

/**
 * The volume of a mount exists with exactly these options, and it is the instance's only one. An existing name silently keeps
 * its old options, so what came out is inspected; a stale volume is made anew. LAYOUT_FAILED when something else holds it.
 */
export async function ensureVolume(
  engine: DockerEngine,
  owner: { nodeId: string; instanceId: string },
  mount: VolumeMount,
): Promise<void> {
  for (const name of await volumesOf(engine, owner.instanceId))
    if (name !== mount.name) await removeVolume(engine, name)
  const found = await makeVolume(engine, owner, mount)
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
export async function removeVolumes(engine: DockerEngine, instanceId: string): Promise<void> {
  for (const name of await volumesOf(engine, instanceId)) await removeVolume(engine, name)
}

async function makeVolume(engine: DockerEngine, owner: { nodeId: string; instanceId: string }, mount: VolumeMount) {
  const settings = {
    Name: mount.name,
    Driver: 'local',
    DriverOpts: { ...mount.options },
    Labels: { [LABEL.node]: owner.nodeId, [LABEL.instance]: owner.instanceId },
  }
  await engine.call(`create the volume ${mount.name}`, abortSignal =>
    engine.docker.createVolume({ ...settings, abortSignal }),
  )
  const answer: unknown = await engine.call(`inspect the volume ${mount.name}`, () =>
    engine.docker.getVolume(mount.name).inspect(),
  )
  return volume.parse(answer)
}

async function volumesOf(engine: DockerEngine, instanceId: string): Promise<string[]> {
  const filters = JSON.stringify({ label: [`${LABEL.instance}=${instanceId}`] })
  const answer: unknown = await engine.call('list volumes', abortSignal =>
    engine.docker.listVolumes({ filters, abortSignal }),
  )
  return (z.object({ Volumes: z.array(volume.pick({ Name: true })).nullable() }).parse(answer).Volumes ?? []).map(
    found => found.Name,
  )
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
