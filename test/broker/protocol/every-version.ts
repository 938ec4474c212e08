/** Every schema that the protocol code knows, in every version: what the property tests run over. */

import { apiByKey } from '../../../broker/protocol/api-table.ts';
import { isFlexible } from '../../../broker/protocol/schema/api.ts';
import type { Type } from '../../../broker/protocol/schema/types.ts';

export interface VersionedSchema {
  readonly title: string;
  readonly schema: Type<unknown>;
  readonly version: number;
  readonly flexible: boolean;
}

export const everyVersion: readonly VersionedSchema[] = [...apiByKey.values()].flatMap((api) => {
  const [min, max] = api.versions;
  const versions = Array.from({ length: max - min + 1 }, (_, index) => min + index);
  return versions.flatMap((version) => {
    const flexible = isFlexible(api, version);
    const title = `${api.name} v${String(version)}`;
    return [
      { title: `${title} request`, schema: api.request, version, flexible },
      { title: `${title} response`, schema: api.response, version, flexible },
    ];
  });
});
