import { defineUnknownAddress } from '../../http/unknown-address'

/** Programs ask here: what there is not must not be answered with a page and 200. */
export default defineUnknownAddress()
