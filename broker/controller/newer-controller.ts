/** The sign that a controller has been deposed: somebody else's epoch is higher than its own. */

export class NewerControllerError extends Error {
  readonly controllerEpoch: number;

  /** `where`: what the epoch was found in, for the log. */
  constructor(controllerEpoch: number, where: string) {
    super(`${where} is of a newer controller, of epoch ${String(controllerEpoch)}`);
    this.name = 'NewerControllerError';
    this.controllerEpoch = controllerEpoch;
  }
}
