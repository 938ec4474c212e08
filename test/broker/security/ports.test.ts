import { describe, expect, it } from '@jest/globals';
import type { RequestContext } from '../../../broker/model/request-context.ts';
import { unlimited } from '../../../broker/quota/quota.ts';
import { authenticatorFor } from '../../../broker/security/authenticator.ts';
import { allowAll, clusterResource } from '../../../broker/security/authorizer.ts';

const context: RequestContext = {
  apiKey: 0,
  apiVersion: 9,
  correlationId: 1,
  clientId: null,
  listenerName: 'PLAINTEXT',
  securityProtocol: 'PLAINTEXT',
  principal: 'User:ANONYMOUS',
  clientAddress: '127.0.0.1',
  connectionId: 1,
};

describe('The security and quota ports', () => {
  it('know everybody on a plaintext listener as User:ANONYMOUS', () => {
    const connection = { ...context };
    expect(authenticatorFor('PLAINTEXT').principalOf(connection)).toBe('User:ANONYMOUS');
  });

  it('open no listener whose protocol nobody serves', () => {
    expect(() => authenticatorFor('SASL_SSL')).toThrow('SASL_SSL is not served');
  });

  it('allow everything, at any speed', () => {
    expect(allowAll.authorize(context, 'ALTER', clusterResource)).toBe(true);
    expect(unlimited.throttleTimeMs(context, { kind: 'produce', amount: 1e9 })).toBe(0);
  });
});
