import { z } from 'zod'
import { entityId, timestamp } from './common'

/** As it stands in names of images: `ghcr.io`, `registry.example.org:5000`; `docker.io` for names without one. */
export const registryHost = z
  .string()
  .trim()
  .toLowerCase()
  .max(255)
  .regex(
    /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5})?$|^[a-z0-9-]+:\d{1,5}$/,
    'a registry such as ghcr.io, as in names of images, without https:// and path',
  )

/** A sign-in at a registry of images. The secret never leaves the brain but to a node that pulls. */
export const registryLogin = z.object({
  id: entityId,
  registry: z.string(),
  /** null: for every node that has none of its own. */
  node: z.object({ id: entityId, name: z.string() }).nullable(),
  username: z.string(),
  updatedAt: timestamp,
})
export type RegistryLogin = z.output<typeof registryLogin>

export const registryList = z.object({ items: z.array(registryLogin) })

/** The same registry and node again: name and secret are replaced. */
export const putRegistryBody = z.strictObject({
  registry: registryHost,
  node: entityId.optional(),
  username: z.string().min(1).max(255),
  secret: z.string().min(1).max(8_192),
})
export type PutRegistry = z.output<typeof putRegistryBody>
