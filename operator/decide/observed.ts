/** What is seen of a cluster's StatefulSets and pods, in the terms that decisions are made in. */

import type { Revision } from '../model/pod-parts.ts';

export interface ObservedPod {
  readonly name: string;
  readonly uid: string;
  readonly ordinal: number;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly templateHash: string;
  readonly configHash: string;
  /** Why its container does not run, such as ImagePullBackOff. */
  readonly waiting: string | null;
}

export interface ObservedClaim {
  readonly name: string;
  readonly uid: string;
  /** What is asked for, as a quantity; null where nothing is. */
  readonly size: string | number | null;
}

export interface ObservedSet extends Revision {
  /** The controller of StatefulSets has seen the newest spec: a pod made now is made from it. */
  readonly settled: boolean;
  /** The size in its claim template, which can never be changed. */
  readonly claimSize: string | number | null;
}

export interface ObservedComponent {
  /** Null: not there yet. */
  readonly set: ObservedSet | null;
  readonly pods: readonly ObservedPod[];
  readonly claims: readonly ObservedClaim[];
}
