import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { EnsureImage } from './container-runtime'
import type { DockerEngine } from './docker-engine'
import { statusOf } from './docker-errors'
import { pullImage } from './docker-pull'
import { PullFailed } from './docker-pull-errors'
import { isImageId, pinOf, registryOf } from '../../shared/domain/image-names'

const image = z.object({ Id: z.string(), RepoDigests: z.array(z.string()).nullish() })

/**
 * The image is on the node afterwards: it was, or it was pulled. A registry that is away is asked again a few times; IMAGE_MISSING
 * tells both places and what the registry's side said, DISK_FULL that there is no room for it.
 *
 * @returns what names these very bytes from now on: `repository@sha256:…`, or the image's id when it is of no registry
 */
export async function ensureImage(engine: DockerEngine, name: string, options: EnsureImage) {
  const local = await findImage(engine, name)
  if (local && !options.fresh) return { reference: pinOf(name, local), notice: null }
  try {
    await pullPatiently(engine, name, options)
  } catch (error) {
    options.signal.throwIfAborted()
    if (!(error instanceof PullFailed)) throw error
    if (error.kind === 'no-space')
      throw new AppError('DISK_FULL', `There is no room on the node for the image ${name}: ${error.words}`, {
        cause: error,
      })
    if (local) {
      const notice = `The image ${name} could not be renewed, and the one on the node is used: ${error.words}`
      return { reference: pinOf(name, local), notice }
    }
    throw new AppError('IMAGE_MISSING', missingWords(name, error), { cause: error })
  }
  const pulled = await findImage(engine, name)
  if (!pulled)
    throw new AppError('IMAGE_MISSING', `The image ${name} was pulled, and is not there any more. Start it again.`)
  return { reference: pinOf(name, pulled), notice: null }
}

async function pullPatiently(engine: DockerEngine, name: string, options: EnsureImage): Promise<void> {
  if (isImageId(name)) throw new PullFailed('local', 'it was made or loaded there, and no registry has it.')
  const auth = await options.credentials(registryOf(name))
  const delaysMs = options.isPatient ? [...POLICY.engine.pullAgainMs] : []
  for (;;) {
    try {
      return await pullImage(engine, name, auth, options)
    } catch (error) {
      const waitMs = error instanceof PullFailed && error.kind === 'away' ? delaysMs.shift() : undefined
      if (waitMs === undefined || !(error instanceof PullFailed)) throw error
      const message = `The image ${name} could not be pulled: ${error.words} It is tried again in ${waitMs / 1_000} s.`
      options.onWait({ code: 'IMAGE_MISSING', message })
      await delay(waitMs, undefined, { signal: options.signal })
      options.onWait(null)
    }
  }
}

async function findImage(engine: DockerEngine, name: string) {
  try {
    const found: unknown = await engine.call(
      `look for the image ${name}`,
      () => engine.docker.getImage(name).inspect(),
      [404],
    )
    return image.parse(found)
  } catch (error) {
    if (statusOf(error) === 404) return null
    throw error
  }
}

function missingWords(name: string, { kind, words }: PullFailed): string {
  if (kind === 'local')
    return `The image ${name} is not on this node: ${words} Bring it there with docker save and docker load, or let the server have the image anew ("Update image").`
  const next = {
    'not-found': 'Check its name and tag, or bring it to the node with docker load or docker build.',
    unauthorized: `Give the sign-in for ${registryOf(name)} under Settings, Registries, and start the server again.`,
    away: 'Start the server again when the registry can be reached, or bring the image to the node with docker load.',
    refused: 'Check its name, or bring it to the node with docker load or docker build.',
  }[kind === 'no-space' ? 'refused' : kind]
  return `The image ${name} is not on this node, and it could not be pulled: ${words} ${next}`
}
