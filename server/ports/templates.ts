import type { LockedLayer } from '../../shared/schemas/instance'
import type { LayerIndex } from '../../shared/schemas/layer-index'
import type { Manifest } from '../../shared/schemas/manifest'
import type { TemplateType } from '../../shared/schemas/template-type'

export interface TemplateVersionRecord {
  template: string
  version: string
  type: TemplateType
  description: string
  sha256: string
  sizeBytes: number
  unpackedBytes: number
  files: number
  duplicates: number
  objectKey: string
  manifest: Manifest
  publishedAt: number
  publishedBy: string
}

/** A template as lists show it. */
export interface TemplateRecord {
  template: string
  /** How many there are. */
  versions: number
  /** The one published last. */
  newest: TemplateVersionRecord
  tags: Record<string, string>
  /** Instances (not DESTROYED) that have a version of it among their layers; each counts once. */
  usedBy: number
  /** The same for each version that is used at all. */
  usage: Record<string, number>
}

export interface TemplateStore {
  /**
   * One commit: the version and the tag that moves to it, `latest` unless said. Same address and bytes again: `created` is
   * false, and only a tag that is said moves. Other bytes: VERSION_EXISTS.
   */
  publish(
    record: TemplateVersionRecord,
    tag: string | undefined,
  ): Promise<{ created: boolean; record: TemplateVersionRecord }>
  findVersion(template: string, version: string): Promise<TemplateVersionRecord | undefined>
  /** Newest first; empty for a template that does not exist. */
  versions(template: string): Promise<TemplateVersionRecord[]>
  /** By id. */
  list(page: { limit: number; cursor?: string }): Promise<{ items: TemplateRecord[]; nextCursor: string | null }>
  count(): Promise<number>
  /** undefined for one without any version. */
  find(template: string): Promise<TemplateRecord | undefined>
  /**
   * One commit: the version goes, and the tags on it; `latest` moves to the newest that is left, if any. NOT_FOUND for
   * an unknown one, TEMPLATE_IN_USE while an instance is locked to it.
   */
  removeVersion(template: string, version: string): Promise<{ removed: TemplateVersionRecord; blobStillUsed: boolean }>
  /** True while any version points to these bytes. */
  isBlobUsed(sha256: string): Promise<boolean>
}

/** What instance and stack services need of templates. */
export interface LayerSource {
  /** Resolves tags and locks bytes, in order. UNKNOWN_LAYER with the position for each that does not exist. */
  lock(layers: readonly { template: string; version?: string; tag?: string }[]): Promise<LockedLayer[]>
  /** Index and manifest for each, in order. */
  load(layers: readonly LockedLayer[]): Promise<{ layer: LockedLayer; sizeBytes: number; index: LayerIndex }[]>
  /** Manifests and sizes alone: cheap. */
  manifests(layers: readonly LockedLayer[]): Promise<{ layer: LockedLayer; sizeBytes: number; manifest: Manifest }[]>
  signedUrl(sha256: string): Promise<{ url: string; sizeBytes: number }>
}
