import { z } from 'zod'
import { isReservedVariable } from '../domain/builtin-variables'
import { POLICY } from '../domain/policy'
import { description, labels, templateId, variableName, variableValue } from './common'
import { runtimeSection } from './runtime'
import { templateType } from './template-type'

/** A glob below the root of the stack: `*` within a component, `**` across, never `..` or absolute. */
const glob = z
  .string()
  .min(1)
  .max(1_024)
  .refine(
    pattern => !pattern.startsWith('/') && !pattern.split('/').includes('..'),
    'a path below the root, without ..',
  )
  .refine(pattern => !/[\0\n\\]/.test(pattern), 'no backslashes, NUL characters or line breaks')
  .refine(pattern => !pattern.startsWith('!'), 'negation is not supported')
const globs = z.array(glob).max(1_000)

/** A variable that a template declares. `default` may hold other variables; a value given never does. */
export const variableDeclaration = z.strictObject({
  description: z.string().max(500).optional(),
  default: variableValue.optional(),
  required: z.boolean().optional(),
  secret: z.boolean().optional(),
  pattern: z.string().max(500).refine(isRegExp, 'not a regular expression').optional(),
})
export type VariableDeclaration = z.output<typeof variableDeclaration>

/** A pattern is tested against the whole value. */
function isRegExp(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

const declarations = z
  .record(variableName, variableDeclaration)
  .refine(
    map => Object.keys(map).length <= POLICY.variables.perInstance,
    `at most ${POLICY.variables.perInstance} variables`,
  )
  .superRefine((map, context) => {
    for (const name of Object.keys(map).filter(isReservedVariable)) {
      context.addIssue({ code: 'custom', path: [name], message: 'is built in: Strata gives it its value' })
    }
  })

/** `strata.yaml`, whole. Unknown keys are refused with their path. */
export const manifest = z.strictObject({
  id: templateId.optional(),
  type: templateType.optional(),
  description: description.optional(),
  tags: labels.optional(),
  variables: declarations.optional(),
  substitute: globs.optional(),
  remove: globs.optional(),
  require: z.array(glob).max(1_000).optional(),
  paths: z.strictObject({ managed: globs.optional(), seed: globs.optional(), reset: globs.optional() }).optional(),
  runtime: runtimeSection.optional(),
})
export type Manifest = z.output<typeof manifest>
