/** Writes a resource's status: conditions, generation and what its reconciler adds, in one apply. */

import type { Clock } from '../../broker/platform/clock.ts';
import { rfc3339 } from '../../broker/platform/clock.ts';
import type { KubeClient, KubeObject, ResourceKind } from '../kube/port.ts';
import type { Outcome } from '../status/conditions.ts';
import { conditionsOf } from '../status/conditions.ts';

interface StatusWriterOptions {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly kind: ResourceKind;
  readonly fieldManager: string;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** `details` is the whole status but for conditions: what is left out is removed. */
  async write(object: KubeObject, outcome: Outcome, details: object): Promise<void> {
    const { kube, clock, kind, fieldManager } = this.#options;
    const { name, namespace, uid, generation = 0 } = object.metadata;
    const status = {
      ...details,
      observedGeneration: generation,
      conditions: conditionsOf({
        outcome,
        generation,
        previous: object.status,
        now: rfc3339(clock.nowMs()),
      }),
    };
    await kube.applyStatus(
      kind,
      {
        apiVersion: kind.apiVersion,
        kind: kind.kind,
        // The uid makes sure that a resource made again under the same name is not written to.
        metadata: {
          name,
          ...(namespace === undefined ? {} : { namespace }),
          ...(uid === undefined ? {} : { uid }),
        },
        status,
      },
      { fieldManager, force: true },
    );
  }
}
