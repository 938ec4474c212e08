/** Waits with a limit that say what they waited for. */

/**
 * @template T
 * @param {number} limitMs
 * @param {string | (() => string)} what
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function within(limitMs, what, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      const awaited = typeof what === 'string' ? what : what();
      reject(new Error(`waited ${limitMs / 1000} s for ${awaited}`));
    }, limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again until it holds, for what tells nobody when it changes. @param {() => boolean} holds */
export function polled(holds, limitMs, what) {
  let timer;
  const held = new Promise((resolve) => {
    timer = setInterval(() => holds() && resolve(), 200);
  });
  return within(limitMs, what, held).finally(() => clearInterval(timer));
}
