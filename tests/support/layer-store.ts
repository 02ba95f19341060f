import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { InstanceSpec } from '../../shared/protocol/agent'

/** A store of layers on loopback, as the brain's signed addresses would give them. */
export async function openLayerStore() {
  const blobs = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    const bytes = blobs.get(request.url!.slice(1))
    if (bytes) response.end(bytes)
    else response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    /** Publishes an archive; what comes back goes into a spec. */
    layer(archive: Buffer, template = 'layer', version = '1'): InstanceSpec['layers'][number] {
      const sha256 = createHash('sha256').update(archive).digest('hex')
      blobs.set(sha256, archive)
      return { template, version, type: 'custom', sha256, sizeBytes: archive.length }
    },
    layerUrl: async (_instanceId: string, sha256: string) => ({
      url: `${origin}/${sha256}`,
      sizeBytes: blobs.get(sha256)?.length ?? 0,
    }),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
