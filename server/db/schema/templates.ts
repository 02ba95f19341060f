import { foreignKey, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Manifest } from '../../../shared/schemas/manifest'
import type { TemplateType } from '../../../shared/schemas/template-type'

/** One row for each published version; immutable. Several may point to one object. */
export const templateVersions = sqliteTable(
  'template_versions',
  {
    template: text('template').notNull(),
    version: text('version').notNull(),
    type: text('type').$type<TemplateType>().notNull(),
    description: text('description').notNull(),
    /** Of the archive as it was published. */
    sha256: text('sha256').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    unpackedBytes: integer('unpacked_bytes').notNull(),
    files: integer('files').notNull(),
    duplicates: integer('duplicates').notNull(),
    objectKey: text('object_key').notNull(),
    manifest: text('manifest', { mode: 'json' }).$type<Manifest>().notNull(),
    publishedAt: integer('published_at').notNull(),
    publishedBy: text('published_by').notNull(),
  },
  table => [
    primaryKey({ columns: [table.template, table.version] }),
    index('template_versions_newest').on(table.template, table.publishedAt),
    index('template_versions_sha256').on(table.sha256),
  ],
)

/** Movable names. A tag goes with the version it names. */
export const templateTags = sqliteTable(
  'template_tags',
  {
    template: text('template').notNull(),
    tag: text('tag').notNull(),
    version: text('version').notNull(),
  },
  table => [
    primaryKey({ columns: [table.template, table.tag] }),
    foreignKey({
      columns: [table.template, table.version],
      foreignColumns: [templateVersions.template, templateVersions.version],
    }).onDelete('cascade'),
  ],
)
