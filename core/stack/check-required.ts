import { AppError } from '../../shared/errors'
import type { ErrorIssue } from '../../shared/errors'
import { compileGlobs } from './globs'
import type { MergedStack, StackLayer } from './merge-stack'

/** The globs of `require` that nothing in the result matches, each once, with who needs it. */
export function findMissingRequired(merged: MergedStack, layers: readonly StackLayer[]): ErrorIssue[] {
  const neededBy = new Map<string, string[]>()
  for (const { template, version, index } of layers) {
    for (const glob of index.manifest.require ?? []) {
      neededBy.set(glob, [...(neededBy.get(glob) ?? []), `${template}@${version}`])
    }
  }
  return [...neededBy].flatMap(([glob, templates]): ErrorIssue[] => {
    const matches = compileGlobs([glob])
    if (merged.entries.some(({ path }) => matches(path))) return []
    return [{ path: glob, message: `required by ${templates.join(', ')}, and no layer has it` }]
  })
}

/** @throws AppError REQUIRED_FILE_MISSING with an issue for every glob that nothing matches. */
export function checkRequired(merged: MergedStack, layers: readonly StackLayer[]): void {
  const issues = findMissingRequired(merged, layers)
  if (issues.length === 0) return
  const globs = issues.map(({ path }) => path).join(', ')
  throw new AppError(
    'REQUIRED_FILE_MISSING',
    `After the merge nothing matches ${globs}. Add a layer that brings it, or look for a \`remove\` that takes it away.`,
    { issues },
  )
}
