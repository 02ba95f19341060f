export interface BenchRow {
  job: string
  ours: string
  against: string
  ratio: string
  wanted: string
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

export function percentile(values: readonly number[], part: number): number {
  return (
    values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * part) - 1)] ?? Number.NaN
  )
}

/** Milliseconds for a human: `87 ms`, `5.4 s`. */
export function showMs(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  return ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`
}

export async function timed(work: () => unknown): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** Runs two jobs in turn, so that a busy moment of the machine meets both; medians in milliseconds. */
export async function inTurn(
  rounds: number,
  ours: (round: number) => Promise<number>,
  theirs: (round: number) => Promise<number>,
): Promise<{ ours: number; theirs: number }> {
  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] }
  for (let round = 0; round < rounds; round += 1) {
    times.ours.push(await ours(round))
    times.theirs.push(await theirs(round))
  }
  return { ours: median(times.ours), theirs: median(times.theirs) }
}

export function printTable(title: string, rows: readonly BenchRow[]): void {
  const all: BenchRow[] = [
    { job: 'job', ours: 'Strata', against: 'measured against', ratio: 'ratio', wanted: 'wanted' },
    ...rows,
  ]
  const widths = (['job', 'ours', 'against', 'ratio', 'wanted'] as const).map(
    key => [key, Math.max(...all.map(row => row[key].length))] as const,
  )
  process.stdout.write(`\n${title}\n`)
  for (const row of all) process.stdout.write(`  ${widths.map(([key, width]) => row[key].padEnd(width)).join('  ')}\n`)
}
