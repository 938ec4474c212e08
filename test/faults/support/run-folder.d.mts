/** Types of run-folder.mjs, for the tests. */

export type Kind = 'owner' | 'processes' | 'namespaces' | 'mounts';
export function makeRunFolder(): string;
export function note(folder: string, kind: Kind, value: string): void;
export function noteProcess(folder: string, pid: number): void;
export function putAway(folder: string): void;
export function empty(folder: string): void;
export function putAwayOlderRuns(): void;
