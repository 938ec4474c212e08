/* eslint-disable jest/no-export -- a suite that several implementations run */
/**
 * What every implementation of the operator's kube port has to do. Run on local mode's store in
 * `npm test` and on an API server in test/e2e, where `namespace` is an empty one and the CRDs of
 * crds/ are installed. Nothing here depends on a controller but the garbage collector, and nothing
 * waits but for events.
 */

import { afterAll, beforeAll, describe } from '@jest/globals';

import { describeApply } from './contract-apply.ts';
import type { KubeContractSubject } from './contract-kit.ts';
import { ContractKit } from './contract-kit.ts';
import { describeObjects } from './contract-objects.ts';
import { describeWatch } from './contract-watch.ts';

export function describeKubeContract(
  implementation: string,
  open: () => Promise<KubeContractSubject>,
): void {
  describe(`The kube port on ${implementation}`, () => {
    let subject: KubeContractSubject | null = null;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject?.close());
    const kit = new ContractKit(() => {
      if (subject === null) throw new Error('the subject is not open');
      return subject;
    });
    describeObjects(kit);
    describeApply(kit);
    describeWatch(kit);
  });
}
