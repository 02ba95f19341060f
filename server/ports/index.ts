/**
 * What the services of the brain need from outside. Asynchronous, in intentions, one commit each; SQLite's
 * synchronous transactions stay inside `db/`. Services get only the ports they use.
 */
export type * from './accounts'
export type * from './agents'
export type * from './instances'
export type * from './nodes'
export type * from './objects'
export type * from './operations'
export type * from './system'
export type * from './templates'
