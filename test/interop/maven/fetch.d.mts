/** Types of fetch.mjs, for the tests. */

export function cacheFolder(env?: Readonly<Record<string, string | undefined>>): string;
export function jarFolder(part: string): string;
export function partNames(): string[];
export function fetchPart(part: string): string | null;
