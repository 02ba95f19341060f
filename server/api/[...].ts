import { defineUnknownAddress } from '../http/unknown-address'

/** Without a name in the brackets: with one, h3 would not find it for a known address with another method. */
export default defineUnknownAddress()
