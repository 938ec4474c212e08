/** Reading objects: from the API server itself, or from the caches of informers. */

import type { KubeClient } from './port.ts';

export type KubeReader = Pick<KubeClient, 'get' | 'list'>;
