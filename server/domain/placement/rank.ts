import type { PlacementExplanation } from '../../../shared/schemas/instance'
import { givableCpus, promisableMemoryMb } from './candidate'
import type { Candidate, PlacementNeed } from './candidate'
import { objections } from './filters'

export interface Evaluation {
  node: Candidate
  /** In words; empty when the node fits. */
  reasons: string[]
  /** 0 (full) to 1 (empty); null when the node does not fit. */
  score: number | null
}

/**
 * Judges every node. The fitting ones come first, the emptiest before; equally empty ones by name, so that the same
 * question gets the same answer.
 */
export function rank(candidates: readonly Candidate[], need: PlacementNeed): Evaluation[] {
  return candidates
    .map((node): Evaluation => {
      const reasons = objections(node, need)
      return { node, reasons, score: reasons.length === 0 ? emptiness(node) : null }
    })
    .sort((a, b) => (b.score ?? -1) - (a.score ?? -1) || (a.node.name < b.node.name ? -1 : 1))
}

/**
 * How empty a node is: the mean of its unpromised shares of memory and CPU and of how few instances it holds. The
 * number counts too, because many servers have no limits that could be added up.
 */
export function emptiness({ specs, usage }: Pick<Candidate, 'specs' | 'usage'>): number {
  const few = 1 / (1 + usage.total)
  if (!specs) return few
  const memory = freeShare(promisableMemoryMb(specs), usage.memoryMb)
  const cpus = freeShare(givableCpus(specs), usage.cpus)
  return (memory + cpus + few) / 3
}

function freeShare(total: number, used: number): number {
  return total > 0 ? Math.max(0, 1 - used / total) : 0
}

/** The answer to `?dryRun=true`. */
export function explain(evaluations: readonly Evaluation[], chosen: Candidate | null): PlacementExplanation {
  return {
    chosen: chosen ? { id: chosen.id, name: chosen.name } : null,
    nodes: evaluations.map(({ node, reasons, score }) => ({
      id: node.id,
      name: node.name,
      fits: reasons.length === 0,
      reasons,
      score: score === null ? null : Math.round(score * 1_000) / 1_000,
    })),
  }
}

/** Why an instance waits, in one sentence: some nodes with their first reason, the rest counted. */
export function waitingWords(evaluations: readonly Evaluation[], total: number = evaluations.length): string {
  if (total === 0) return 'There is no node yet. Add one; the server is placed as soon as one fits.'
  const shown = evaluations.slice(0, 3).map(({ node, reasons }) => `${node.name}: ${reasons[0] ?? 'Not tried.'}`)
  const others = total - shown.length
  return `No node fits yet. ${shown.join(' ')}${others > 0 ? ` And ${others} more.` : ''} It is placed as soon as one fits.`
}
