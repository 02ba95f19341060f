import { rm } from 'node:fs/promises'
import { createPreparer } from '../../agent/prepare/create-preparer'
import { instanceSpec } from '../factories/instance-spec'
import type { InstanceSpec } from '../../shared/protocol/agent'

/**
 * One cold preparation in a process of its own, so that its memory is its own: `cold-prepare.ts FOLDER LAYERS`, layers as
 * JSON with an address each. Prints milliseconds and the bytes by which memory rose.
 */
const [dataDir = '', json = '[]'] = process.argv.slice(2)
const layers = JSON.parse(json) as (InstanceSpec['layers'][number] & { url: string })[]

const { preparer } = await createPreparer({
  dataDir,
  owner: { uid: 1000, gid: 1000 },
  cacheLimitBytes: null,
  layerUrl: async (_instance, sha256) => {
    const layer = layers.find(candidate => candidate.sha256 === sha256)!
    return { url: layer.url, sizeBytes: layer.sizeBytes }
  },
  warn: message => process.stderr.write(`${message}\n`),
})
const idleBytes = process.memoryUsage.rss()
const began = performance.now()
await preparer.prepare(
  instanceSpec({
    id: 'i-cold',
    layers: layers.map(({ url: _, ...layer }) => layer),
    variables: { SERVER_NAME: 'Cold', PORT: '1' },
  }),
  1,
  { layout: 'overlay', devMode: false, onProgress: () => undefined, signal: new AbortController().signal },
)
const ms = performance.now() - began
const roseBytes = process.resourceUsage().maxRSS * 1_024 - idleBytes
process.stdout.write(JSON.stringify({ ms, roseBytes }))
await rm(dataDir, { recursive: true, force: true })
