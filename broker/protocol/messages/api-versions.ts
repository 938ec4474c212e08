/**
 * ApiVersions (18): which APIs and versions this broker serves. The header of its answer is never
 * flexible, so that a client can read it before it knows what the broker speaks; asked in too high a
 * version, a broker answers UNSUPPORTED_VERSION in the form of version 0.
 * Versions: 1 throttle time · 2 the client does the throttling (KIP-219) · 3 flexible; name and
 * version of the client's software (KIP-511), features as tags (KIP-584) · 4 features may start at
 * version 0 (KIP-1022).
 * Errors: UNSUPPORTED_VERSION, INVALID_REQUEST.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, boolean, field, int16, int32, int64, string } from '../schema/types.ts';

const supportedFeature = struct({ name: string, minVersion: int16, maxVersion: int16 });
const finalizedFeature = struct({ name: string, maxVersionLevel: int16, minVersionLevel: int16 });

export const apiVersions = defineApi({
  name: 'ApiVersions',
  key: 18,
  versions: [0, 4],
  flexibleSince: 3,
  request: struct({
    clientSoftwareName: field(string, { since: 3, ignorable: true }),
    clientSoftwareVersion: field(string, { since: 3, ignorable: true }),
  }),
  response: struct({
    errorCode: int16,
    apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })),
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    supportedFeatures: field(array(supportedFeature), { since: 3, tag: 0, ignorable: true }),
    finalizedFeaturesEpoch: field(int64, { since: 3, tag: 1, default: -1n, ignorable: true }),
    finalizedFeatures: field(array(finalizedFeature), { since: 3, tag: 2, ignorable: true }),
    zkMigrationReady: field(boolean, { since: 3, tag: 3, ignorable: true }),
  }),
});
