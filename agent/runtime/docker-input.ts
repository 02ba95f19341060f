import type { Duplex } from 'node:stream'
import { AppError } from '../../shared/errors'
import type { DockerEngine } from './docker-engine'

/**
 * The inputs of running containers. A connection is opened with the first line and kept: a server's input stays open
 * when it ends, so nothing is lost with it.
 */
export class DockerInputs {
  private readonly streams = new Map<string, Promise<Duplex>>()
  private readonly engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.engine = engine
  }

  /** Hands one line to the engine, once. INSTANCE_NOT_RUNNING when the connection broke: whether the line arrived is then not known. */
  async write(containerId: string, line: string): Promise<void> {
    const stream = await this.open(containerId)
    await new Promise<void>((resolve, reject) => {
      stream.write(`${line}\n`, error => {
        if (!error) return resolve()
        reject(
          new AppError(
            'INSTANCE_NOT_RUNNING',
            'The connection to the server’s input broke; whether the line arrived is not known.',
            { cause: error },
          ),
        )
      })
    })
  }

  async close(): Promise<void> {
    for (const opened of await Promise.allSettled(this.streams.values()))
      if (opened.status === 'fulfilled') opened.value.destroy()
    this.streams.clear()
  }

  private open(containerId: string): Promise<Duplex> {
    const known = this.streams.get(containerId)
    if (known) return known
    const forget = () => this.streams.delete(containerId)
    const opening = this.attach(containerId).then(stream => {
      stream.once('close', forget).once('error', forget)
      stream.resume()
      return stream
    })
    this.streams.set(containerId, opening)
    opening.catch(forget)
    return opening
  }

  private async attach(containerId: string): Promise<Duplex> {
    const options = { stream: true, stdin: true, stdout: false, stderr: false, hijack: true }
    const stream = await this.engine.call('attach to the input of a container', () =>
      this.engine.docker.getContainer(containerId).attach(options),
    )
    return stream as Duplex
  }
}
