import { setImmediate as breathe } from 'node:timers/promises'

/** One metric in Prometheus' text format (version 0.0.4). */
export interface Family {
  name: string
  type: 'gauge' | 'counter'
  help: string
  samples: Iterable<Sample>
}
export interface Sample {
  labels: Readonly<Record<string, string>>
  value: number
}

/** Lines between which nobody else gets a turn: a few milliseconds. */
const LINES_AT_ONCE = 2_000

/** The text of many metrics; the brain goes on with its work in between. A metric without samples is left out. */
export async function exposeAll(families: Iterable<Family>): Promise<string> {
  const parts: string[] = []
  let lines: string[] = []
  for (const { name, type, help, samples } of families) {
    let isFirst = true
    for (const { labels, value } of samples) {
      if (isFirst) lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`)
      isFirst = false
      lines.push(`${name}${labelsOf(labels)} ${value}`)
      if (lines.length < LINES_AT_ONCE) continue
      parts.push(lines.join('\n'))
      lines = []
      await breathe()
    }
  }
  parts.push(lines.join('\n'))
  return `${parts.filter(Boolean).join('\n')}\n`
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

const escapeHelp = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeValue = (text: string) => escapeHelp(text).replaceAll('"', '\\"')
