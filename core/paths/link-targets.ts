import { AppError } from '../../shared/errors'

/** A symbolic link at a path of an archive or a stack. */
export interface LinkEntry {
  path: string
  target: string
}

const ESCAPES = Symbol('escapes')
const LOOPS = Symbol('loops')
type Outcome = string | typeof ESCAPES | typeof LOOPS

/** A link on its way to where it really leads. */
interface Frame {
  link: string
  at: string
  rest: string[]
  next: number
}

/**
 * The links whose real target lies above the root, each of them followed through all the others as a kernel does.
 * What does not exist counts as a folder: it may exist tomorrow. A link that leads in a circle leads nowhere and is
 * not an escape; an absolute target is one. The work grows with the length of the targets and not with the length of
 * chains.
 */
export function findEscapingLinks(links: Iterable<LinkEntry>): LinkEntry[] {
  const targets = new Map<string, string>()
  for (const { path, target } of links) targets.set(path, target)
  const outcomes = new Map<string, Outcome>()
  const escaping: LinkEntry[] = []
  for (const [path, target] of targets) {
    if (!outcomes.has(path)) follow(path, targets, outcomes)
    if (outcomes.get(path) === ESCAPES) escaping.push({ path, target })
  }
  return escaping
}

/** @throws AppError LINK_ESCAPE that names every link whose real target lies outside. */
export function refuseEscapingLinks(links: Iterable<LinkEntry>, outOf: string): void {
  const escaping = findEscapingLinks(links)
  const [first] = escaping
  if (!first) return
  throw new AppError(
    'LINK_ESCAPE',
    `${first.path}: its target ${first.target} leads out of ${outOf}. Make it point inside, or leave it out.`,
    { issues: escaping.slice(0, 100).map(({ path, target }) => ({ path, message: `links to ${target}, outside` })) },
  )
}

function follow(path: string, targets: ReadonlyMap<string, string>, outcomes: Map<string, Outcome>): void {
  const stack: Frame[] = []
  const inProgress = new Set<string>()
  const push = (link: string) => {
    inProgress.add(link)
    stack.push(frame(link, targets.get(link) ?? ''))
  }
  /** The link on top is known now. One that goes nowhere takes with it all that lead through it. */
  const settle = (outcome: Outcome) => {
    const done = typeof outcome === 'string' ? stack.splice(-1) : stack.splice(0)
    for (const { link } of done) {
      inProgress.delete(link)
      outcomes.set(link, outcome)
    }
    const waiting = stack.at(-1)
    if (waiting && typeof outcome === 'string') waiting.at = outcome
  }

  push(path)
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const step = advance(top, targets)
    if (step.outcome !== undefined) settle(step.outcome)
    else if (inProgress.has(step.link)) settle(LOOPS)
    else {
      const known = outcomes.get(step.link)
      if (known === undefined) push(step.link)
      else if (typeof known === 'string') top.at = known
      else settle(known)
    }
  }
}

function frame(link: string, target: string): Frame {
  const slash = link.lastIndexOf('/')
  const rest = target.startsWith('/') ? ['..'] : target.split('/')
  return { link, at: slash < 0 || target.startsWith('/') ? '' : link.slice(0, slash), rest, next: 0 }
}

/** Walks on until the end, the root's edge, or another link. */
function advance(
  frame: Frame,
  targets: ReadonlyMap<string, string>,
): { outcome: Outcome } | { outcome?: undefined; link: string } {
  while (frame.next < frame.rest.length) {
    const name = frame.rest[frame.next] ?? ''
    frame.next += 1
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (frame.at === '') return { outcome: ESCAPES }
      frame.at = frame.at.slice(0, Math.max(0, frame.at.lastIndexOf('/')))
      continue
    }
    const here = frame.at === '' ? name : `${frame.at}/${name}`
    if (targets.has(here)) return { link: here }
    frame.at = here
  }
  return { outcome: frame.at }
}
