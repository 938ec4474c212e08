import { openEmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { systemClock } from '../../../broker/platform/clock.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import type { SessionHarness } from './session-contract.ts';
import { describeSessions } from './session-contract.ts';

describeSessions('A session with the embedded store', async (): Promise<SessionHarness> => {
  const fileSystem = new MemoryFileSystem(systemClock);
  await fileSystem.makeFolder('/data');
  const store = await openEmbeddedStore({ fileSystem, path: '/data/store', logger: silentLogger });
  return {
    open: (signal) => store.openSession(signal),
    async openDoomed() {
      const session = await store.openSession();
      return { session, expire: () => store.expire(session.id) };
    },
    stop: () => store.close(),
  };
});
