/** The protocol this brain and agent speak. A brain also accepts the one before. */
export const PROTOCOL_VERSION = 1
export const OLDEST_PROTOCOL_VERSION = 1
