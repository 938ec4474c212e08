/** Where this repository is. */

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Its root, an absolute path. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
