/** The chapters of the document, in their order: what an address begins with, and what it is about. */
const CHAPTERS = [
  [
    'instances',
    'Servers',
    'One game server each, built from layers. Wishes are answered at once (202) and carried out afterwards.',
  ],
  ['stats', 'Servers'],
  ['templates', 'Templates', 'Named packages of files; their versions are immutable.'],
  ['stacks', 'Templates'],
  ['variables', 'Variables', 'Values for many servers at once, by scope; the nearest wins.'],
  ['nodes', 'Nodes', 'Machines that run servers; an agent on each.'],
  ['agent', 'Nodes'],
  ['tls', 'Encryption', 'Certificates of the brain and of the nodes.'],
  ['operations', 'Operations', 'Long work, with progress, result and cancel.'],
  ['status', 'Status', 'How things stand, for people, watchdogs and Prometheus.'],
  ['healthz', 'Status'],
  ['metrics', 'Status'],
  ['setup', 'Sign-in', 'Set-up, sign-in, and what everybody may do with their own account.'],
  ['auth', 'Sign-in'],
  ['users', 'Accounts', 'People and what they may do.'],
  ['tokens', 'Accounts'],
  ['audit', 'Audit', 'Who did what, when, from where, and what came of it.'],
  ['settings', 'Settings', 'How the brain is set up, its object store, and sign-ins at registries.'],
  ['registries', 'Settings'],
  ['objects', 'Transfers', 'Bytes by signed addresses.'],
  ['openapi.json', 'This document', 'The document of all this.'],
] as const

const TAG_BY_NOUN = new Map<string, string>(CHAPTERS.map(([noun, tag]) => [noun, tag]))

/** With a description each, as the document lists them. */
export const TAGS = CHAPTERS.flatMap(([, name, description]) => (description ? [{ name, description }] : []))

/** The chapter of a route. Throws for an address that begins with no known noun: it needs a line above. */
export function tagOf(path: string): string {
  const noun = path.replace(/^\/api\/v1/, '').split('/')[1] ?? ''
  const tag = TAG_BY_NOUN.get(noun)
  if (tag === undefined) throw new Error(`server/openapi/tags.ts has no chapter for ${path}.`)
  return tag
}
