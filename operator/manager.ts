/** Runs the controllers: informers feed work queues, work queues call reconcilers. */

import type { Clock } from '../broker/platform/clock.ts';
import type { Logger } from '../broker/platform/logger.ts';
import type { Random } from '../broker/platform/random.ts';
import type { Timers } from '../broker/platform/timers.ts';
import type { KafkaAdminFactory } from './kafka-admin/port.ts';
import type { KubeClient } from './kube/port.ts';
import type { Images } from './model/images.ts';

export interface ManagerOptions {
  readonly kube: KubeClient;
  readonly admin: KafkaAdminFactory;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly images: Images;
  /** Absent: all namespaces. */
  readonly namespace?: string;
}

export interface Manager {
  /** Resolves once every informer has read its first list. */
  ready(): Promise<void>;
  /** Stops taking work and resolves when what was running has ended. Idempotent. */
  stop(): Promise<void>;
}

export declare function startManager(options: ManagerOptions): Manager;
