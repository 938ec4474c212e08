/** The one error that decoding throws, whatever the bytes. The connection that sent them is closed. */

export class ProtocolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProtocolError';
  }
}
