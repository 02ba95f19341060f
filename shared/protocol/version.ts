/**
 * The protocol this brain and agent speak. A brain also speaks the one before, so that it can be updated first and its agents
 * afterwards, one by one.
 *
 * The number goes up with the first change after a release that an older agent could not follow. Agents read what the brain
 * says strictly, so that is any new field or value in `brainToAgent` or `welcome`. The brain reads what agents say leniently: a new
 * optional field there needs no new number. `previous.ts` says what the older agents understand; see
 * `docs/adr/0016-the-protocol-before.md`.
 */
export const PROTOCOL_VERSION = 2
export const OLDEST_PROTOCOL_VERSION = 1
