import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { ErrorIssue } from '../../shared/errors'
import type { LockedLayer } from '../../shared/schemas/instance'
import { layerKey } from '../domain/object-keys'
import type { LayerSource, ObjectStore, TemplateStore, TemplateVersionRecord } from '../ports'
import type { IndexLibrary } from './index-library'

type Asked = Parameters<LayerSource['lock']>[0][number]

/** Templates as instances and stacks see them: names turned into locked bytes, and what those bytes hold. */
export function createLayerSource(deps: {
  templates: Pick<TemplateStore, 'find' | 'findVersion'>
  objects: Pick<ObjectStore, 'stat' | 'signedUrl'>
  indexes: Pick<IndexLibrary, 'read'>
}): LayerSource {
  const { templates, objects, indexes } = deps

  /** The version that is meant, or why there is none. */
  async function resolve(asked: Asked): Promise<TemplateVersionRecord | string> {
    const named = asked.version && (await templates.findVersion(asked.template, asked.version))
    if (named) return named
    const template = await templates.find(asked.template)
    if (!template) return `there is no template "${asked.template}"`
    if (asked.version)
      return `"${asked.template}" has no version "${asked.version}"; the newest is "${template.newest.version}"`
    const tag = asked.tag ?? 'latest'
    const version = template.tags[tag]
    const tagged = version === undefined ? undefined : await templates.findVersion(asked.template, version)
    return tagged ?? `"${asked.template}" has no tag "${tag}"; ${tagsInWords(template.tags)}`
  }

  async function recordOf(layer: LockedLayer): Promise<TemplateVersionRecord> {
    const record = await templates.findVersion(layer.template, layer.version)
    if (record?.sha256 === layer.sha256) return record
    throw new AppError(
      'UNKNOWN_LAYER',
      `${layer.template}@${layer.version} with the sha256 ${layer.sha256.slice(0, 12)}… is not among the templates any more. Choose another version.`,
    )
  }

  return {
    async lock(layers) {
      const locked: LockedLayer[] = []
      const issues: ErrorIssue[] = []
      for (const [position, asked] of layers.entries()) {
        const found = await resolve(asked)
        if (typeof found === 'string') issues.push({ path: `layers[${position}]`, message: found })
        else locked.push({ template: found.template, version: found.version, type: found.type, sha256: found.sha256 })
      }
      if (issues.length > 0) {
        const sentences = issues.map(issue => `Layer ${issue.path.slice('layers'.length)}: ${issue.message}.`)
        throw new AppError('UNKNOWN_LAYER', sentences.join(' '), { issues })
      }
      return locked
    },

    load(layers) {
      return Promise.all(
        layers.map(async layer => {
          const index = await indexes.read(layer.sha256)
          return { layer, sizeBytes: index.sizeBytes, index }
        }),
      )
    },

    manifests(layers) {
      return Promise.all(
        layers.map(async layer => {
          const { sizeBytes, manifest } = await recordOf(layer)
          return { layer, sizeBytes, manifest }
        }),
      )
    },

    async signedUrl(sha256) {
      const key = layerKey(sha256)
      const found = await objects.stat(key)
      if (!found) {
        throw new AppError(
          'NOT_FOUND',
          `The object store of the brain does not hold the bytes ${sha256.slice(0, 12)}… any more. Publish them again.`,
        )
      }
      return {
        url: await objects.signedUrl(key, { expiresInMs: POLICY.transfer.ticketMs }),
        sizeBytes: found.sizeBytes,
      }
    },
  }
}

function tagsInWords(tags: Record<string, string>): string {
  const names = Object.keys(tags).sort()
  return names.length === 0 ? 'it has none: name a version' : `it has ${names.map(name => `"${name}"`).join(', ')}`
}
