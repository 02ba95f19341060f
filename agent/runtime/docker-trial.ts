import type { Readable } from 'node:stream'
import type { StackMount } from '../prepare/port'
import type { RunSpec } from './container-runtime'
import type { DockerContainers } from './docker-containers'
import { statusOf } from './docker-errors'

const WORKDIR = '/strata-trial'

/** A run that is created and never started, to see whether its mount works. One name per node: what a death left is found again. */
export function trialRun(nodeId: string, mount: StackMount, image: string): RunSpec {
  return {
    instanceId: `trial-${nodeId}`,
    runId: 'trial',
    generation: 0,
    planHash: 'trial',
    mount,
    image,
    command: ['true'],
    workdir: WORKDIR,
    env: {},
    ports: [],
    resources: { memoryMb: 16 },
    stopSignal: 'SIGTERM',
    stopGraceSeconds: 1,
  }
}

/** null when the file of the lowest layer shows in the container; otherwise why not. */
export async function findMarker(containers: DockerContainers, run: RunSpec, marker: string): Promise<string | null> {
  const found = await containers.find(run.instanceId)
  if (!found) return 'The container that was to try it out went away.'
  const path = { path: `${WORKDIR}/${marker}` }
  try {
    const answer: unknown = await containers.engine.call(
      'look into the trial mount',
      () => containers.get(found.Id).infoArchive(path),
      [404],
    )
    ;(answer as Readable).resume()
    return null
  } catch (error) {
    if (statusOf(error) !== 404) throw error
    return 'Docker mounts another folder than the agent writes to: it does not share the files of this machine.'
  }
}
