import { AppError } from '../../shared/errors'
import { PortTaken } from './container-runtime'
import type { RunPort } from './container-runtime'
import type { DockerContainers } from './docker-containers'
import { engineWords, foreignAddressIn, isUnmountable, isUnrunnable, statusOf, takenPortIn } from './docker-errors'
import type { Inspected } from './docker-status'
import { checkHostPorts, unknownAddress } from './host-port'

/** Starts a container that was created. What went wrong gets the code that says what to do about it. */
export async function startContainer(
  containers: DockerContainers,
  container: Inspected,
  ports: readonly RunPort[],
): Promise<void> {
  await checkHostPorts(ports)
  const start = () => containers.get(container.Id).start()
  try {
    await containers.engine.call(`start ${container.Name}`, start, [304, 400, 404, 409, 500])
  } catch (error) {
    // 304: it runs already.
    if (statusOf(error) !== 304) throw failure(error, container, ports)
  }
}

function failure(error: unknown, container: Inspected, ports: readonly RunPort[]): unknown {
  const status = statusOf(error)
  if (status === undefined) return error
  const words = engineWords(error)
  const cause = { cause: error }
  const taken = takenPortIn(words, ports)
  if (taken?.host) return new PortTaken({ protocol: taken.protocol, host: taken.host.port, name: taken.name }, error)
  const foreign = foreignAddressIn(words)
  if (foreign) return unknownAddress(foreign, error)
  if (isUnmountable(words)) return new AppError('LAYOUT_FAILED', `The layers could not be mounted: ${words}`, cause)
  if (isUnrunnable(words)) return new AppError('START_FAILED', `The server's program could not be run: ${words}`, cause)
  if (status === 404) return new AppError('NOT_FOUND', `The container went away while it was started: ${words}`, cause)
  return new AppError(
    'ENGINE_ERROR',
    `Docker was asked to start ${container.Name} and answered ${status}: ${words}`,
    cause,
  )
}
