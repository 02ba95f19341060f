import { z } from 'zod'
import { isReservedVariable } from '../domain/builtin-variables'
import { entityId, label, timestamp, variableName, variableValue } from './common'

/** Where a variable may be given to many servers at once, from the farthest to the nearest. What a server itself is given is nearer still. */
export const VARIABLE_SCOPES = ['network', 'region', 'node'] as const
export const variableScope = z.enum(VARIABLE_SCOPES)
export type VariableScope = z.output<typeof variableScope>

/** In the address of the one network. */
export const WHOLE_NETWORK = 'all'

/** `/variables/:scope/:id/:name`: id is a region's name, a node's id, or `all` for the network. */
export const scopeVariableParams = z
  .strictObject({
    scope: variableScope,
    id: z.string().min(1).max(63),
    name: variableName.refine(name => !isReservedVariable(name), 'is built in: Strata gives it its value'),
  })
  .superRefine(({ scope, id }, context) => {
    const fits = { network: z.literal(WHOLE_NETWORK), region: label, node: entityId }[scope].safeParse(id)
    if (!fits.success)
      context.addIssue({
        code: 'custom',
        path: ['id'],
        message: `not the id of a ${scope}: ${fits.error.issues[0]?.message}`,
      })
  })
export type ScopeVariableParams = z.output<typeof scopeVariableParams>

/** A secret stays one; `••••••` for the value of a secret keeps it. */
export const putScopeVariableBody = z.strictObject({ value: variableValue, secret: z.boolean().optional() })
export type PutScopeVariable = z.output<typeof putScopeVariableBody>

export const scopeVariable = z.object({
  scope: variableScope,
  /** A region's name or a node's id; `all` for the network. */
  id: z.string(),
  name: variableName,
  /** `••••••` for a secret. */
  value: z.string(),
  secret: z.boolean(),
  updatedAt: timestamp,
  /** Name of whoever gave it last. */
  updatedBy: z.string(),
})
export type ScopeVariable = z.output<typeof scopeVariable>

export const scopeVariables = z.object({ items: z.array(scopeVariable) })

/** Where the value of one variable of a server comes from, the nearest first. `empty`: nobody gave one and nobody requires it. */
export const VARIABLE_ORIGINS = ['instance', 'node', 'region', 'network', 'template', 'builtin', 'empty'] as const
export const variableOrigin = z.enum(VARIABLE_ORIGINS)

/** One variable of a server as its next start fills it in. */
export const effectiveVariable = z.object({
  name: variableName,
  /** `••••••` for a secret; null where a required one has no value. */
  value: z.string().nullable(),
  secret: z.boolean(),
  origin: variableOrigin,
  /** What of the origin: a region, a node's id, `template@version`; null for the others. */
  originId: z.string().nullable(),
  /** The same name farther away, whose value does not count, nearest first. */
  hides: z.array(z.object({ origin: variableOrigin, originId: z.string().nullable(), value: z.string() })),
  /** The server runs with another value until its next start. */
  pending: z.boolean(),
})
export type EffectiveVariable = z.output<typeof effectiveVariable>
export const effectiveVariables = z.object({ items: z.array(effectiveVariable) })
