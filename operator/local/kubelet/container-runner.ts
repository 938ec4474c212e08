/**
 * Keeps one container of a pod running: starts its process, probes it, starts it again when it ends
 * or when its liveness fails, with a growing delay. Owned by the pod's runner; `run` is called once
 * and ends when `stop` has been called and the process is gone.
 */

import { rfc3339 } from '../../../broker/platform/clock.ts';
import { delay } from '../../../broker/platform/timers.ts';
import { rotateLog } from '../processes/container-log.ts';
import type { LocalProcess, ProcessExit, ProcessPlan } from '../processes/process-table.ts';
import type { Container, ContainerState, Pod, Probe } from '../resources/pod.ts';
import { ImageMissing, planContainer, writeFiles } from './container-plan.ts';
import { MissingData } from './data-source.ts';
import { mountsOf, rewriterOf } from './pod-context.ts';
import type { PodContext } from './pod-context.ts';
import { probeAttempt } from './probe-attempt.ts';
import { runProbe } from './probe-loop.ts';

export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
}

/** A container that ran this long is well: its next restart is immediate again. */
const wellAfterMs = 10_000;

export interface ContainerRunnerOptions {
  readonly container: Container;
  /** The pod as it now is; its labels and annotations may change. */
  readonly pod: () => Pod;
  readonly context: PodContext;
  readonly onStatus: () => void;
  /** A process ended that should not have; it comes back. */
  readonly onRestart: (message: string) => void;
}

export class ContainerRunner {
  readonly #options: ContainerRunnerOptions;
  readonly #stopping = new AbortController();
  /** Cuts short the wait for a ConfigMap or Secret that does not exist. */
  #wake = new AbortController();
  #graceMs = 0;
  #process: LocalProcess | null = null;
  #failures = 0;
  #status: ContainerStatus;

  constructor(options: ContainerRunnerOptions) {
    const { name, image } = options.container;
    this.#options = options;
    this.#status = {
      name,
      image,
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: {},
    };
  }

  get status(): ContainerStatus {
    return this.#status;
  }

  async run(): Promise<void> {
    while (!this.#isStopping()) {
      const plan = await this.#plan();
      if (plan !== null) await this.#runOnce(plan);
      await this.#pause(plan === null);
    }
    this.#set({ ready: false, started: false });
  }

  /** Asks the process to end, and ends it after the grace period. `run` resolves then. */
  stop(graceMs: number): void {
    if (this.#isStopping()) return;
    this.#graceMs = graceMs;
    this.#stopping.abort(new Error('the pod is stopping'));
    void this.#process?.terminate(graceMs);
  }

  /** Brings mounted files up to date. */
  async refresh(): Promise<void> {
    if (this.#isStopping()) return;
    this.#wake.abort(new Error('ConfigMaps, Secrets or names have changed'));
    const { container, context } = this.#options;
    try {
      await writeFiles(this.#options.pod(), container, context);
    } catch (error) {
      // The files stay as they were, as a kubelet leaves them.
      context.logger.warn({ err: error, container: container.name }, 'files cannot be updated');
    }
  }

  async #plan(): Promise<ProcessPlan | null> {
    const { container, context } = this.#options;
    this.#wake = new AbortController();
    try {
      return await planContainer(this.#options.pod(), container, context);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#set({ state: { waiting: { reason: planFailure(error), message } } });
      return null;
    }
  }

  async #runOnce(plan: ProcessPlan): Promise<void> {
    const { clock, timers, processes, logCheckPeriodMs } = this.#options.context;
    const startedMs = clock.monotonicMs();
    try {
      this.#process = await processes.start(plan);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#set({ state: { waiting: { reason: 'RunContainerError', message } } });
      return;
    }
    const { exited } = this.#process;
    if (this.#isStopping()) void this.#process.terminate(this.#graceMs);
    const ended = new AbortController();
    this.#set({ state: { running: { startedAt: rfc3339(clock.nowMs()) } } });
    const logs = timers.every(logCheckPeriodMs, () => this.#checkLog(plan));
    const probes = this.#probe(plan, AbortSignal.any([ended.signal, this.#stopping.signal]));
    const exit = await exited;
    this.#process = null;
    logs.cancel();
    ended.abort(new Error('the container has ended'));
    await probes;
    if (clock.monotonicMs() - startedMs >= wellAfterMs) this.#failures = 0;
    this.#setTerminated(exit);
  }

  #checkLog({ logFile }: ProcessPlan): void {
    const { logger, logSizeMax } = this.#options.context;
    try {
      rotateLog(logFile, logSizeMax);
    } catch (error) {
      // Such as a full disk, or somebody who has removed the file: the next time it may be possible.
      logger.warn({ err: error, logFile }, 'a log could not be put aside');
    }
  }

  #setTerminated({ exitCode, signal }: ProcessExit): void {
    const finishedAt = rfc3339(this.#options.context.clock.nowMs());
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const terminated = { exitCode, reason, finishedAt };
    this.#set({ ready: false, started: false, state: { terminated }, lastState: { terminated } });
    if (this.#isStopping()) return;
    const how = signal ?? `exit code ${String(exitCode)}`;
    this.#options.onRestart(
      `container ${this.#status.name} ended with ${how}; it is started again`,
    );
  }

  /** Waits until the next attempt, or until the pod is stopped. */
  async #pause(isUnplanned: boolean): Promise<void> {
    if (this.#isStopping()) return;
    const { timers, restartDelayMinMs, restartDelayMaxMs } = this.#options.context;
    const delayMs = Math.min(restartDelayMaxMs, restartDelayMinMs * 2 ** this.#failures);
    this.#failures += 1;
    if (!isUnplanned && this.#status.state.terminated !== undefined) {
      const message = `back-off ${String(delayMs)}ms restarting failed container`;
      const isCrashLoop = this.#failures > 1;
      this.#set({
        restartCount: this.#status.restartCount + 1,
        ...(isCrashLoop ? { state: { waiting: { reason: 'CrashLoopBackOff', message } } } : {}),
      });
    }
    const { signal } = this.#stopping;
    const until = isUnplanned ? AbortSignal.any([signal, this.#wake.signal]) : signal;
    await delay(timers, delayMs, until).catch(() => undefined);
  }

  /** Startup first; readiness and liveness once it has succeeded. Resolves when the signal aborts. */
  async #probe(plan: ProcessPlan, signal: AbortSignal): Promise<void> {
    const { startupProbe, readinessProbe, livenessProbe } = this.#options.container;
    if (startupProbe !== undefined && !(await this.#succeeds(startupProbe, plan, signal))) return;
    this.#set({ started: true, ready: readinessProbe === undefined });
    const ready = {
      signal,
      initially: 'unhealthy' as const,
      onTurn: (isReady: boolean) => {
        if (!signal.aborted) this.#set({ ready: isReady });
      },
    };
    const alive = this.#lifeEnder(signal);
    await Promise.all([
      readinessProbe === undefined ? undefined : this.#loop(readinessProbe, plan, ready),
      livenessProbe === undefined ? undefined : this.#loop(livenessProbe, plan, alive),
    ]);
  }

  /** False: it was never healthy before the signal aborted; after too many failures it is ended. */
  async #succeeds(probe: Probe, plan: ProcessPlan, signal: AbortSignal): Promise<boolean> {
    const decided = new AbortController();
    const answer = { isHealthy: false };
    const ender = this.#lifeEnder(AbortSignal.any([signal, decided.signal]));
    await this.#loop(probe, plan, {
      ...ender,
      initially: 'unhealthy',
      onTurn: (isHealthy, message) => {
        answer.isHealthy = isHealthy;
        if (!isHealthy) ender.onTurn(isHealthy, message);
        decided.abort(new Error('the startup probe has an answer'));
      },
    });
    return answer.isHealthy && !signal.aborted;
  }

  #lifeEnder(signal: AbortSignal): {
    readonly signal: AbortSignal;
    readonly initially: 'healthy';
    readonly onTurn: (isHealthy: boolean, message: string) => void;
  } {
    const { logger } = this.#options.context;
    return {
      signal,
      initially: 'healthy',
      onTurn: (isHealthy, problem) => {
        if (isHealthy || signal.aborted) return;
        logger.warn({ container: this.#status.name, problem }, 'a probe failed; restarting');
        const seconds = this.#options.pod().spec.terminationGracePeriodSeconds;
        void this.#process?.terminate(seconds * 1000);
      },
    };
  }

  #loop(
    probe: Probe,
    plan: ProcessPlan,
    turns: Pick<Parameters<typeof runProbe>[0], 'initially' | 'onTurn' | 'signal'>,
  ): Promise<void> {
    const { container, context } = this.#options;
    const pod = this.#options.pod();
    const rewriter = rewriterOf(pod, mountsOf(pod, container, context), context);
    const attempt = probeAttempt(probe, {
      container,
      podAddress: context.podAddress,
      env: plan.env,
      folder: plan.folder,
      timers: context.timers,
      rewrite: (text) => rewriter.text(text),
    });
    return runProbe({ ...context, ...turns, probe, attempt });
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  #set(change: Partial<ContainerStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#options.onStatus();
  }
}

function planFailure(error: unknown): string {
  if (error instanceof ImageMissing) return 'ErrImagePull';
  return error instanceof MissingData ? 'CreateContainerConfigError' : 'CreateContainerError';
}
