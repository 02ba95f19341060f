/**
 * Console text of a server, made harmless: colours and weight survive, every other control sequence goes. The output
 * is data for text nodes; nothing in it is ever markup, a link, a title or a movement of a cursor.
 * Sequences after ECMA-48 (CSI, OSC, DCS, single-character escapes).
 */
export interface AnsiSpan {
  text: string
  /** One of the sixteen console colours, or an `r g b` triple of numbers. */
  color: { index: number } | { rgb: [number, number, number] } | null
  bold: boolean
  dim: boolean
  italic: boolean
  underline: boolean
}

type Style = Omit<AnsiSpan, 'text'>
const PLAIN: Style = { color: null, bold: false, dim: false, italic: false, underline: false }

const SEQUENCE = new RegExp(
  [
    '\\x1b\\[([0-?]*)[ -/]*([@-~])', // CSI … final
    '\\x1b[\\]PX^_](?:[^\\x07\\x1b\\x9c]|\\x1b(?!\\\\))*(?:\\x07|\\x1b\\\\|\\x9c|$)', // OSC, DCS, SOS, PM, APC … terminator
    '\\x1b[ -/]*[0-~]', // two and more characters
    '\\x1b', // a lone one
    '[\\x00-\\x08\\x0a-\\x1a\\x1c-\\x1f\\x7f-\\x9f]', // other controls; tab stays
    '[\\u202a-\\u202e\\u2066-\\u2069]', // bidirectional overrides: text must read as it is written
  ].join('|'),
  'g',
)

/** Splits one console line into runs of equal style. */
export function parseAnsi(line: string): AnsiSpan[] {
  const spans: AnsiSpan[] = []
  let style = PLAIN
  let from = 0
  const push = (text: string) => {
    const last = spans[spans.length - 1]
    if (last && sameStyle(last, style)) last.text += text
    else if (text) spans.push({ text, ...style })
  }
  for (const match of line.matchAll(SEQUENCE)) {
    push(line.slice(from, match.index))
    from = match.index + match[0].length
    if (match[2] === 'm') style = applySgr(style, match[1] ?? '')
  }
  push(line.slice(from))
  return spans
}

/** The same text without any styling: for search and for copying. */
export function stripAnsi(line: string): string {
  return line.replace(SEQUENCE, '')
}

function sameStyle(a: Style, b: Style): boolean {
  return (
    a.color === b.color && a.bold === b.bold && a.dim === b.dim && a.italic === b.italic && a.underline === b.underline
  )
}

function applySgr(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(part => (part === '' ? 0 : Number(part)))
  let next = { ...style }
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0
    if (code === 38 || code === 48) {
      const { color, used } = extendedColor(codes.slice(at + 1))
      if (code === 38 && color) next.color = color
      at += used
    } else next = applyCode(next, code)
  }
  return next
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return { ...PLAIN }
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 3) return { ...style, italic: true }
  if (code === 4) return { ...style, underline: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 23) return { ...style, italic: false }
  if (code === 24) return { ...style, underline: false }
  if (code >= 30 && code <= 37) return { ...style, color: { index: code - 30 } }
  if (code >= 90 && code <= 97) return { ...style, color: { index: code - 82 } }
  if (code === 39) return { ...style, color: null }
  return style
}

function extendedColor(rest: number[]): { color: AnsiSpan['color']; used: number } {
  const [kind, first, green, blue] = rest
  if (kind === 5) return { color: byte(first) ? indexedColor(first) : null, used: 2 }
  if (kind === 2)
    return { color: byte(first) && byte(green) && byte(blue) ? { rgb: [first, green, blue] } : null, used: 4 }
  return { color: null, used: 1 }
}

function byte(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255
}

/** Colour of the 256-colour palette of xterm: 16 named ones, a 6×6×6 cube, 24 greys. */
function indexedColor(index: number): AnsiSpan['color'] {
  if (index < 16) return { index }
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return { rgb: [grey, grey, grey] }
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40)
  const cube = index - 16
  return { rgb: [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)] }
}
