/** What services need of a logger; pino fits. Payloads are never logged: they may hold secrets. */
export interface ServiceLog {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}
