import { z } from 'zod'
import { POLICY } from '../domain/policy'

const TEMPLATE_ID = /^[a-z0-9][a-z0-9-]{0,62}$/
export const templateId = z.string().regex(TEMPLATE_ID, 'lower-case letters, digits and dashes, 1 to 63 characters')
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

/** A whole number of an address, in digits and nothing else: `1e2`, `0x10` and `5.0` are somebody's mistake. */
export function wholeNumber(min: number, max: number) {
  return z.preprocess(
    text => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text),
    z.int('a whole number, in digits').min(min).max(max),
  )
}

/** How many; every list takes it. */
export const pageLimit = wholeNumber(1, POLICY.lists.maxLimit).default(POLICY.lists.defaultLimit)

const NO_CURSOR = 'not a cursor of this list: send back the nextCursor of the page before, as it came'
/** Where the page before ended: its last id, as the brain makes them. What it names may have gone since, so that the form alone is judged. */
export const idCursor = z.string().regex(/^[0-9a-hjkmnp-tv-z]{26}$/, NO_CURSOR)

export const pageQuery = z.strictObject({ limit: pageLimit, cursor: idCursor.optional() })
/** Of templates, which have ids of their publishers'. */
export const templatePageQuery = pageQuery.extend({ cursor: z.string().regex(TEMPLATE_ID, NO_CURSOR).optional() })
/** Of events, which are counted. */
export const eventPageQuery = pageQuery.extend({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, NO_CURSOR)
    .optional(),
})

/** A list answer: `nextCursor` is null on the last page. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}

export const idParams = z.strictObject({ id: entityId })
