/**
 * SaslHandshake (17): the mechanism with which the client will authenticate. Never flexible.
 * Versions: 1 the tokens that follow are framed as SaslAuthenticate requests (KIP-152).
 * Errors: UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, int16, string } from '../schema/types.ts';

export const saslHandshake = defineApi({
  name: 'SaslHandshake',
  key: 17,
  versions: [0, 1],
  flexibleSince: Infinity,
  request: struct({ mechanism: string }),
  response: struct({ errorCode: int16, mechanisms: array(string) }),
});
