/**
 * Runs one pod: its containers together, its status written whenever one of them changes. Lives from
 * `start` to the end of `stop`; owned by the kubelet.
 */

import { mkdir, rm } from 'node:fs/promises';

import { rfc3339 } from '../../../broker/platform/clock.ts';
import { SerialQueue } from '../../../broker/platform/serial-queue.ts';
import type { KubeClient } from '../../kube/port.ts';
import { KubeError } from '../../kube/port.ts';
import { canonicalText, toJson } from '../json.ts';
import type { Pod } from '../resources/pod.ts';
import { podKind } from '../resources/pod.ts';
import { ContainerRunner } from './container-runner.ts';
import type { PodContext } from './pod-context.ts';
import type { PodCondition } from './pod-status.ts';
import { podStatus } from './pod-status.ts';

export type PodEvent =
  | { readonly type: 'pod-started' | 'pod-ready' | 'pod-stopped'; readonly pod: string }
  | { readonly type: 'pod-restarting'; readonly pod: string; readonly message: string };

export interface PodRunnerOptions {
  readonly kube: KubeClient;
  readonly pod: Pod;
  readonly context: PodContext;
  readonly onEvent: (event: PodEvent) => void;
}

export class PodRunner {
  readonly #options: PodRunnerOptions;
  readonly #containers: readonly ContainerRunner[];
  readonly #startTime: string;
  readonly #files = new SerialQueue();
  readonly #writes = new SerialQueue();
  #isWriteWaiting = false;
  #pod: Pod;
  #conditions: readonly PodCondition[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #isReady = false;

  constructor(options: PodRunnerOptions) {
    this.#options = options;
    this.#pod = options.pod;
    this.#startTime = rfc3339(options.context.clock.nowMs());
    const { name } = options.pod.metadata;
    this.#containers = options.pod.spec.containers.map(
      (container) =>
        new ContainerRunner({
          container,
          pod: () => this.#pod,
          context: options.context,
          onStatus: () => this.#onStatus(),
          onRestart: (message) => options.onEvent({ type: 'pod-restarting', pod: name, message }),
        }),
    );
  }

  get uid(): string {
    return this.#pod.metadata.uid;
  }

  /** Of the programs that it runs, the highest. */
  get stopRank(): number {
    const ranks = this.#pod.spec.containers.map(
      ({ image }) => this.#options.context.images(image)?.stopRank ?? 0,
    );
    return Math.max(...ranks);
  }

  async start(): Promise<void> {
    const { podFolder } = this.#options.context;
    await rm(podFolder, { recursive: true, force: true });
    await mkdir(podFolder, { recursive: true });
    this.#options.onEvent({ type: 'pod-started', pod: this.#pod.metadata.name });
    this.#running = Promise.all(this.#containers.map((container) => container.run()));
  }

  /** The pod's labels and annotations may have changed, and with them files of the downward API. */
  update(pod: Pod): void {
    const metadataBefore = metadataText(this.#pod);
    this.#pod = pod;
    if (metadataText(pod) !== metadataBefore) this.refresh();
  }

  /** Brings mounted files up to date. */
  refresh(): void {
    void this.#files.run(async () => {
      for (const container of this.#containers) await container.refresh();
    });
  }

  /** Resolves when its processes are gone. */
  async stop(graceMs: number): Promise<void> {
    for (const container of this.#containers) container.stop(graceMs);
    await this.#running;
    await this.#files.idle();
    await this.#writes.idle();
    this.#options.onEvent({ type: 'pod-stopped', pod: this.#pod.metadata.name });
  }

  #onStatus(): void {
    if (this.#isWriteWaiting) return;
    this.#isWriteWaiting = true;
    void this.#writes.run(async () => {
      this.#isWriteWaiting = false;
      try {
        await this.#writeStatus();
      } catch (error) {
        // A pod that is gone, or another of its name: nobody asks for this one's status any more.
        if (!(error instanceof KubeError)) throw error;
        this.#options.context.logger.debug({ err: error }, 'a status could not be written');
      }
    });
  }

  async #writeStatus(): Promise<void> {
    const { context, kube, onEvent } = this.#options;
    const { name, namespace, uid } = this.#pod.metadata;
    const status = podStatus(
      this.#pod,
      this.#containers.map((container) => container.status),
      {
        podAddress: context.podAddress,
        now: rfc3339(context.clock.nowMs()),
        startTime: this.#startTime,
        before: this.#conditions,
      },
    );
    this.#conditions = status.conditions;
    const isReady = status.conditions.some(
      (each) => each.type === 'Ready' && each.status === 'True',
    );
    const { apiVersion, kind } = podKind;
    await kube.applyStatus(
      podKind,
      { apiVersion, kind, metadata: { name, namespace, uid }, status },
      { fieldManager: 'kubelet', force: true },
    );
    if (isReady && !this.#isReady) onEvent({ type: 'pod-ready', pod: name });
    this.#isReady = isReady;
  }
}

function metadataText({ metadata: { labels, annotations } }: Pod): string {
  return canonicalText(toJson({ labels, annotations }));
}
