const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** The unit in which a size is short to read. Powers of 1,024. */
export function bytesIn(bytes: number): { amount: number; unit: (typeof BYTE_UNITS)[number] } {
  const size = Math.max(0, bytes)
  const power = size < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(size) / 10))
  return { amount: size / 1024 ** power, unit: BYTE_UNITS[power] ?? 'B' }
}

const DURATIONS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1_000],
] as const
type DurationUnit = (typeof DURATIONS)[number][0]

/** A duration in its two largest units, `0 s` for less than a second. Days do not carry minutes. */
export function durationParts(ms: number): { unit: DurationUnit; amount: number }[] {
  const parts: { unit: DurationUnit; amount: number }[] = []
  let rest = Math.max(0, ms)
  for (const [unit, size] of DURATIONS) {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    if (amount > 0) parts.push({ unit, amount })
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.length > 0 ? parts : [{ unit: 'seconds', amount: 0 }]
}

const JUST_NOW_MS = 5_000
const STEPS = [
  ['second', 1_000, 60_000],
  ['minute', 60_000, 3_600_000],
  ['hour', 3_600_000, 86_400_000],
  ['day', 86_400_000, 30 * 86_400_000],
  ['month', 30 * 86_400_000, 365 * 86_400_000],
  ['year', 365 * 86_400_000, Infinity],
] as const

/** How far away a moment is, in one unit; undefined when it is now. Negative is the past. */
export function relativeParts(distanceMs: number): { amount: number; unit: (typeof STEPS)[number][0] } | undefined {
  const away = Math.abs(distanceMs)
  if (away < JUST_NOW_MS) return undefined
  const step = STEPS.find(([, , below]) => away < below) ?? STEPS[STEPS.length - 1]
  if (!step) return undefined
  return { amount: Math.trunc(distanceMs / step[1]), unit: step[0] }
}
