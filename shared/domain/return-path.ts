const PLACES_BEFORE_SIGN_IN = ['/login', '/setup']

/**
 * The place to go to after signing in. Only paths of this panel: an address that names another host
 * (`//host`, `/\host`, `https:…`) would send a person who just typed a password somewhere else.
 */
export function safeReturnPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !/^\/(?![/\\])/.test(wanted) || /[\\\p{Cc}]/u.test(wanted)) return '/'
  const path = wanted.split(/[?#]/, 1)[0] ?? '/'
  return PLACES_BEFORE_SIGN_IN.includes(path) ? '/' : wanted
}
