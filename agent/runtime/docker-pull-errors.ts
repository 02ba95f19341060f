export type PullFault = 'not-found' | 'unauthorized' | 'no-space' | 'away' | 'refused' | 'local'

/** Why an image did not come. `words` is a sentence, with what the engine or the registry said. */
export class PullFailed extends Error {
  readonly kind: PullFault
  readonly words: string

  constructor(kind: PullFault, words: string, cause?: unknown) {
    super(words, { cause })
    this.kind = kind
    this.words = words
  }
}

/** In this order: Docker Hub says "access denied … or does not exist" for both. The messages are those of Docker 20.10 to 29 and of `distribution`. */
const FAULTS: readonly [PullFault, RegExp, string][] = [
  ['no-space', /no space left/i, 'the disk is full'],
  [
    'unauthorized',
    /unauthorized|authentication required|no basic auth|incorrect username or password|access denied|access forbidden|403 Forbidden/i,
    'the registry does not give it without a sign-in, or does not have it',
  ],
  [
    'not-found',
    /manifest unknown|not found|name unknown|no such image|does not exist/i,
    'the registry does not have it',
  ],
  [
    'away',
    /connection refused|no such host|timeout|timed out|deadline exceeded|unreachable|no route|connection reset|\bEOF\b|too ?many ?requests|server misbehaving|\b50[0234]\b|no word of the registry/i,
    'the registry cannot be reached',
  ],
]

/** Puts a message of the engine into one of few kinds; what nobody knows is `refused`. */
export function pullFault(message: string, cause?: unknown): PullFailed {
  const said = message.replace(/[.\s]+$/, '')
  const [kind, , words] = FAULTS.find(([, pattern]) => pattern.test(said)) ?? ['refused' as const, /./, '']
  return new PullFailed(kind, words ? `${words} (${said}).` : `${said}.`, cause)
}
