import { defineUnknownAddress } from '../http/unknown-address'

export default defineUnknownAddress()
