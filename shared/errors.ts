/**
 * Every error the outside of Strata can see: its HTTP status and title.
 * The code is the stable part; scripts match on it. The `detail` of an AppError is a sentence for people:
 * what was found, what was needed, what to do next.
 */
export const ERRORS = {
  // requests
  BAD_REQUEST: { status: 400, title: 'The request is malformed' },
  VALIDATION_FAILED: { status: 400, title: 'Some fields are not right' },
  UNAUTHENTICATED: { status: 401, title: 'Sign in first' },
  LOGIN_FAILED: { status: 401, title: 'Wrong name or password' },
  ACCOUNT_DISABLED: { status: 403, title: 'The account is disabled' },
  TOTP_NEEDED: { status: 401, title: 'The code of your app is needed, too' },
  TOTP_WRONG: { status: 401, title: 'The code is not right' },
  TOTP_MISSING: { status: 403, title: 'Set up one-time codes first' },
  LOCAL_SIGN_IN_OFF: { status: 403, title: 'Sign-in with a password is off' },
  OIDC_UNAVAILABLE: { status: 503, title: 'The service you sign in with does not answer' },
  OIDC_REFUSED: { status: 401, title: 'The sign-in did not work' },
  OIDC_NO_ROLE: { status: 403, title: 'Your account has no role here' },
  FORBIDDEN: { status: 403, title: 'Your role does not allow this' },
  ORIGIN_REFUSED: { status: 403, title: 'The request came from another site' },
  NOT_FOUND: { status: 404, title: 'There is no such thing' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address does not do that' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is of a kind this address does not take' },
  TOO_MANY_REQUESTS: { status: 429, title: 'Too many tries' },
  INTERNAL: { status: 500, title: 'Something went wrong inside the brain' },
  UNAVAILABLE: { status: 503, title: 'Not available right now' },
  // conflicts
  CONFLICT: { status: 409, title: 'The state does not allow this' },
  REVISION_CONFLICT: { status: 409, title: 'Somebody else changed it meanwhile' },
  IDEMPOTENCY_CONFLICT: { status: 409, title: 'This Idempotency-Key was used for another request' },
  NAME_TAKEN: { status: 409, title: 'The name is taken' },
  VERSION_EXISTS: { status: 409, title: 'The version exists with other bytes' },
  TEMPLATE_IN_USE: { status: 409, title: 'The version is in use' },
  NODE_IN_USE: { status: 409, title: 'The node still holds servers' },
  NODE_UNREACHABLE: { status: 409, title: 'The node is out of reach' },
  LAST_ADMIN: { status: 409, title: 'At least one admin must remain' },
  INVALID_TRANSITION: { status: 409, title: 'The state does not allow this' },
  INSTANCE_NOT_RUNNING: { status: 409, title: 'The server is not running' },
  INSTANCE_DESTROYED: { status: 409, title: 'The server was destroyed' },
  OPERATION_CANCELLED: { status: 409, title: 'The work was cancelled' },
  OPERATION_INTERRUPTED: { status: 503, title: 'The brain stopped while this ran' },
  // understood, but not possible
  UNKNOWN_LAYER: { status: 422, title: 'A layer does not exist' },
  VARIABLES_MISSING: { status: 422, title: 'Required variables have no value' },
  VARIABLE_INVALID: { status: 422, title: 'A variable has a value that is not allowed' },
  RUNTIME_INCOMPLETE: { status: 422, title: 'The layers do not say how to run the server' },
  PORT_UNAVAILABLE: { status: 422, title: 'The port is not free' },
  INSTANCE_UNKNOWN: { status: 422, title: 'There is no such server' },
  NODE_UNKNOWN: { status: 422, title: 'There is no such node' },
  // archives
  PATH_ESCAPE: { status: 422, title: 'An entry leaves the archive' },
  PATH_INVALID: { status: 422, title: 'An entry has a path that is not allowed' },
  PATH_TOO_LONG: { status: 422, title: 'An entry has a path that is too long or too deep' },
  LINK_ESCAPE: { status: 422, title: 'A link leaves the archive' },
  ENTRY_TYPE: { status: 422, title: 'An entry is of a kind that is not allowed' },
  TOO_BIG: { status: 422, title: 'The archive is too big' },
  TOO_MANY_ENTRIES: { status: 422, title: 'The archive has too many entries' },
  HEADER_INVALID: { status: 422, title: 'A header of the archive is not valid' },
  ARCHIVE_CORRUPT: { status: 422, title: 'The archive is damaged or not an archive' },
  METADATA_INVALID: { status: 422, title: 'strata.yaml is not right' },
  TYPE_MISSING: { status: 422, title: 'The type of the template is not said' },
  // object store
  STORE_UNAVAILABLE: { status: 503, title: 'The object store does not answer' },
  STORE_REFUSED: { status: 503, title: 'The object store refused' },
  STORE_CORRUPT: { status: 503, title: 'The object store gave back other bytes' },
  // on a node
  CHECKSUM_MISMATCH: { status: 422, title: 'The bytes are not the ones that were published' },
  DOWNLOAD_FAILED: { status: 503, title: 'A layer could not be fetched' },
  DISK_FULL: { status: 503, title: 'The disk is full' },
  PREPARE_FAILED: { status: 422, title: 'The server could not be prepared' },
  PREPARE_STALLED: { status: 503, title: 'Preparing made no progress' },
  REQUIRED_FILE_MISSING: { status: 422, title: 'A file that the layers require is missing after the merge' },
  LAYOUT_FAILED: { status: 422, title: 'The layers could not be mounted' },
  IMAGE_MISSING: { status: 422, title: 'The image can be had neither locally nor from a registry' },
  ENGINE_UNAVAILABLE: { status: 503, title: 'Docker does not answer' },
  ENGINE_ERROR: { status: 503, title: 'Docker answered with an error' },
  PORT_TAKEN: { status: 409, title: 'The port is taken on the node' },
  START_FAILED: { status: 422, title: 'The server could not be started' },
  CRASH_LOOP: { status: 422, title: 'The server keeps crashing' },
  CRASHED: { status: 422, title: 'The server crashed' },
  OUT_OF_MEMORY: { status: 422, title: 'The server ran out of memory' },
  DESTROY_FAILED: { status: 503, title: 'Not everything could be removed' },
  // placement and waiting (reasons of a state)
  NO_NODE_FITS: { status: 422, title: 'No node fits' },
  NODE_AWAY: { status: 503, title: 'The node is out of reach; the wish is kept' },
  OVERDUE: { status: 422, title: 'The server is not ready in time' },
  RESTART_DELAY: { status: 503, title: 'Waiting before the next start' },
  // channel
  HANDSHAKE_REFUSED: { status: 401, title: 'The node was refused' },
  PROTOCOL_VERSION: { status: 426, title: 'The agent speaks another protocol version' },
  ACCESS_REVOKED: { status: 401, title: 'The access of the node was revoked' },
  CERTIFICATE_REQUIRED: { status: 401, title: 'The node came without its certificate' },
  CERTIFICATE_EXPIRED: { status: 401, title: 'The certificate of the node ended' },
  CERTIFICATE_UNKNOWN: { status: 401, title: 'The certificate of the node is not known' },
  IDENTITY_IN_USE: { status: 409, title: 'An agent with this identity is alive' },
  MESSAGE_INVALID: { status: 400, title: 'A message has the wrong shape' },
  NOT_OWNER: { status: 403, title: 'The node does not hold this instance' },
  STALE_COMMAND: { status: 409, title: 'A newer wish replaced this command' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERRORS

/** One thing that is wrong, at a path of the request (`layers[0].template`) or an entry of an archive. */
export interface ErrorIssue {
  path: string
  message: string
}

/**
 * The one error of Strata: thrown wherever something known goes wrong, mapped once to an HTTP problem
 * document and once to a socket acknowledgement. Anything else that is thrown is a defect and becomes INTERNAL.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly detail: string
  readonly issues: ErrorIssue[] | undefined
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds: number | undefined
  /** Of TOTP_NEEDED: proves the first step of a sign-in to the second. */
  readonly challenge: string | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    options: { issues?: ErrorIssue[]; retryAfterSeconds?: number; challenge?: string; cause?: unknown } = {},
  ) {
    super(`${code}: ${detail}`, { cause: options.cause })
    this.code = code
    this.detail = detail
    this.issues = options.issues
    this.retryAfterSeconds = options.retryAfterSeconds
    this.challenge = options.challenge
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}

/** Narrow what a `catch` got. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof AppError
}
