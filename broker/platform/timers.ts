/** Timers behind a port, so that a simulation decides when they fire. */

export interface Timer {
  cancel(): void;
}

export interface Timers {
  /** Calls back once, at the earliest after `delayMs`. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back every `periodMs`, until cancelled. */
  every(periodMs: number, callback: () => void): Timer;
  /** Calls back once this turn's work is done, before timers that are due later. */
  soon(callback: () => void): void;
}

/** Timers of Node. They do not keep the process alive: what does is open sockets and sessions. */
export const systemTimers: Timers = {
  after(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(delayMs, 0x7fffffff)).unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, callback) {
    const handle = setInterval(callback, periodMs).unref();
    return { cancel: () => clearInterval(handle) };
  },
  soon(callback) {
    setImmediate(callback);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function delay(timers: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(reasonOf(signal));
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      if (signal !== undefined) reject(reasonOf(signal));
    };
    const timer = timers.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
