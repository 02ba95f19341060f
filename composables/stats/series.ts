/** A moment of a chart; null: no data, and the line is broken there. */
export interface ChartPoint {
  at: number
  value: number | null
}

/** Between samples of the live stream; it sends one every two seconds. */
const LIVE_GAP_MS = 15_000
/** A minute may come late, two do not. */
const STEPS_MISSED = 2.5

/**
 * One line of what the brain remembers and what came live since. Where data is missing (a restart, a node out of reach) the line is
 * broken rather than drawn across, and it ends where figures ended.
 *
 * @param stepMs distance of remembered points
 */
export function joinSeries(
  history: readonly ChartPoint[],
  live: readonly ChartPoint[],
  { stepMs, now }: { stepMs: number; now: number },
): ChartPoint[] {
  const begin = live[0]?.at ?? Infinity
  const whole = [...history.filter(point => point.at < begin), ...live]
  const points: ChartPoint[] = []
  whole.forEach((point, at) => {
    const before = whole[at - 1]
    const limit = before && before.at >= begin ? LIVE_GAP_MS : stepMs * STEPS_MISSED
    if (before && point.at - before.at > limit) points.push({ at: before.at + 1, value: null })
    points.push(point)
  })
  const last = points[points.length - 1]
  if (last && now - last.at > stepMs * STEPS_MISSED)
    points.push({ at: last.at + 1, value: null }, { at: now, value: null })
  return points
}

/** The stretches of a line between its gaps. */
export function stretches<Point extends ChartPoint>(points: readonly Point[]): (Point & { value: number })[][] {
  const found: (Point & { value: number })[][] = [[]]
  for (const point of points) {
    if (hasValue(point)) found[found.length - 1]?.push(point)
    else found.push([])
  }
  return found.filter(stretch => stretch.length > 0)
}

function hasValue<Point extends ChartPoint>(point: Point): point is Point & { value: number } {
  return point.value !== null
}
