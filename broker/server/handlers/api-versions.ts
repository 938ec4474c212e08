/**
 * ApiVersions: what this broker serves. Versions: see messages/api-versions.ts.
 * Errors: INVALID_REQUEST for a client name or version of odd characters (KIP-511).
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { apiVersions } from '../../protocol/messages/api-versions.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/**
 * Produce is advertised from 0 on although it is served from 3 on: librdkafka before 2.0 takes a
 * broker without version 0 for one that cannot compress (KAFKA-18659).
 */
const ADVERTISED_MIN: ReadonlyMap<number, number> = new Map([[0, 0]]);

/** `served` is asked at each request: it holds this handler too. */
export function apiVersionsHandler(served: () => readonly ApiHandler[]): ApiHandler {
  return serve(apiVersions, [0, 4], ({ apiVersion }, request) => {
    const isValid =
      apiVersion < 3 ||
      (SOFTWARE_NAME.test(request.clientSoftwareName) &&
        SOFTWARE_NAME.test(request.clientSoftwareVersion));
    const apiKeys = served()
      .map(({ api, versions }) => ({
        apiKey: api.key,
        minVersion: ADVERTISED_MIN.get(api.key) ?? versions[0],
        maxVersion: versions[1],
      }))
      .sort((a, b) => a.apiKey - b.apiKey);
    return {
      errorCode: isValid ? ErrorCodes.NONE : ErrorCodes.INVALID_REQUEST,
      apiKeys: isValid ? apiKeys : [],
      throttleTimeMs: 0,
      supportedFeatures: [],
      finalizedFeaturesEpoch: 0n,
      finalizedFeatures: [],
      zkMigrationReady: false,
    };
  });
}
