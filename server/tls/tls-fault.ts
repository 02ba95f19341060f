/** Told at start: certificate, key or authority cannot be used. The text is for the operator. */
export class TlsFault extends Error {
  override readonly name = 'TlsFault'
}
