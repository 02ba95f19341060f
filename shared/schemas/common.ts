import { z } from 'zod'
import { POLICY } from '../domain/policy'

export const templateId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes, 1 to 63 characters')
export const templateVersion = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z._+-]{0,63}$/, 'letters, digits and . _ + -, 1 to 64 characters')
/** A tag is a movable name; the same alphabet as a version so that both fit an address. */
export const tagName = templateVersion
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in lower-case hexadecimal')
/** Ids of instances, nodes, users …: made by the brain. Also a container name and a folder name, so the alphabet is narrow. */
export const entityId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'not an id')

export const variableName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'capital letters, digits and underscores, not beginning with a digit')
const utf8 = new TextEncoder()
export const variableValue = z
  .string()
  .refine(
    value => utf8.encode(value).length <= POLICY.variables.valueBytes,
    `at most ${POLICY.variables.valueBytes} bytes`,
  )
  .refine(value => !value.includes('\0'), 'no NUL characters')
export const variables = z
  .record(variableName, variableValue)
  .refine(
    map => Object.keys(map).length <= POLICY.variables.perInstance,
    `at most ${POLICY.variables.perInstance} variables`,
  )

/** A display name: one line, no control characters. */
export const displayName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(64, 'at most 64 characters')
  .refine(text => !/\p{Cc}/u.test(text), 'no control characters')
export const description = z.string().max(500, 'at most 500 characters')
export const label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits and . _ -, 1 to 63 characters')
export const labels = z.array(label).max(32)

export const portNumber = z.int().min(1).max(65_535)
export const protocol = z.enum(['tcp', 'udp'])
export const portName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,30}$/, 'lower-case letters, digits and underscores, 1 to 31 characters')
export const timestamp = z.int().nonnegative()

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(POLICY.lists.maxLimit).default(POLICY.lists.defaultLimit),
  cursor: z.string().max(200).optional(),
})

/** A list answer: `nextCursor` is null on the last page. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}

export const idParams = z.strictObject({ id: entityId })
