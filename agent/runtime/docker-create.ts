import type { Readable } from 'node:stream'
import { AppError } from '../../shared/errors'
import type { RunSpec } from './container-runtime'
import type { DockerContainers } from './docker-containers'
import { engineWords, statusOf } from './docker-errors'
import { containerName } from './docker-spec'
import type { ContainerSettings } from './docker-spec'

/**
 * Creates the container of a run and proves that everything it mounts can be mounted: an archive call does what its start
 * would. IMAGE_MISSING, CONFLICT for a name that is not ours to take, START_FAILED for settings that the engine does not accept,
 * LAYOUT_FAILED for a mount; then there is no container.
 */
export async function createProven(
  containers: DockerContainers,
  run: RunSpec,
  settings: ContainerSettings,
): Promise<void> {
  const id = await create(containers, run, settings)
  const container = containers.get(id)
  const path = { path: run.workdir }
  try {
    const answer: unknown = await containers.engine.call(
      'mount the layers',
      () => container.infoArchive(path),
      [400, 404, 500],
    )
    ;(answer as Readable).resume()
  } catch (error) {
    if (statusOf(error) === undefined) throw error
    // The answer to HEAD has no words; the same question by GET has.
    const words = await container.getArchive(path).then(answer => {
      ;(answer as Readable).destroy()
      return 'no reason given'
    }, engineWords)
    await containers.remove(run.instanceId)
    throw new AppError('LAYOUT_FAILED', `The layers could not be mounted at ${run.workdir}: ${words}`, { cause: error })
  }
}

async function create(containers: DockerContainers, run: RunSpec, settings: ContainerSettings): Promise<string> {
  const name = containerName(run.instanceId)
  const { engine } = containers
  try {
    const { id } = await engine.call(
      `create the container ${name}`,
      () => engine.docker.createContainer(settings),
      [400, 404, 409],
    )
    return id
  } catch (error) {
    throw refusal(error, run, name)
  }
}

function refusal(error: unknown, run: RunSpec, name: string): unknown {
  const words = engineWords(error)
  const cause = { cause: error }
  switch (statusOf(error)) {
    case 400:
      if (/bind source path does not exist/i.test(words))
        return new AppError(
          'LAYOUT_FAILED',
          `Docker does not find the node's files (${words}). It must see them under the same path as the agent: an agent in a container needs its data folder mounted with one path on both sides (-v /var/lib/strata:/var/lib/strata), and a Docker on another machine needs its agent there.`,
          cause,
        )
      return new AppError(
        'START_FAILED',
        `Docker does not accept the settings of the server: ${words.replace(/[.\s]*$/, '.')}`,
        cause,
      )
    case 404:
      return new AppError(
        'IMAGE_MISSING',
        `The image ${run.image} is not on the node any more (${words}). Start the server again to have it fetched.`,
        cause,
      )
    case 409:
      return new AppError(
        'CONFLICT',
        `A container named ${name} exists that this node did not make. Remove or rename it: docker rename ${name} …`,
        cause,
      )
    default:
      return error
  }
}
