/**
 * Keys of Kafka 2.8 to 3.9 that this broker accepts and does not use, so that a server.properties
 * written for Kafka starts it. Security keys get their meaning with TLS and SASL.
 */

import { anything } from '../allowed.ts';
import type { ConfigKey } from '../config-key.ts';
import { keysOf, password, string, unused } from './define.ts';

/** Below each prefix the rest of the names, as in `ssl.` + `keystore.type`. */
const names: Readonly<Record<string, string>> = {
  'ssl.':
    'allow.dn.changes allow.san.changes cipher.suites client.auth enabled.protocols ' +
    'endpoint.identification.algorithm engine.factory.class keymanager.algorithm ' +
    'keystore.location keystore.type principal.mapping.rules protocol ' +
    'provider secure.random.implementation trustmanager.algorithm ' +
    'truststore.location truststore.type',
  'sasl.':
    'client.callback.handler.class enabled.mechanisms kerberos.kinit.cmd ' +
    'kerberos.min.time.before.relogin kerberos.principal.to.local.rules kerberos.service.name ' +
    'kerberos.ticket.renew.jitter kerberos.ticket.renew.window.factor ' +
    'login.callback.handler.class login.class login.connect.timeout.ms login.read.timeout.ms ' +
    'login.refresh.buffer.seconds login.refresh.min.period.seconds login.refresh.window.factor ' +
    'login.refresh.window.jitter login.retry.backoff.max.ms login.retry.backoff.ms ' +
    'mechanism.controller.protocol mechanism.inter.broker.protocol ' +
    'oauthbearer.clock.skew.seconds oauthbearer.expected.audience oauthbearer.expected.issuer ' +
    'oauthbearer.jwks.endpoint.refresh.ms oauthbearer.jwks.endpoint.retry.backoff.max.ms ' +
    'oauthbearer.jwks.endpoint.retry.backoff.ms oauthbearer.jwks.endpoint.url ' +
    'oauthbearer.scope.claim.name oauthbearer.sub.claim.name oauthbearer.token.endpoint.url ' +
    'server.callback.handler.class server.max.receive.size',
  'zookeeper.ssl.':
    'cipher.suites client.enable crl.enable enabled.protocols endpoint.identification.algorithm ' +
    'keystore.location keystore.type ocsp.enable protocol truststore.location truststore.type',
  'zookeeper.':
    'clientCnxnSocket metadata.migration.enable metadata.migration.min.batch.size sync.time.ms',
  'controller.':
    'listener.names quorum.append.linger.ms quorum.bootstrap.servers ' +
    'quorum.election.backoff.max.ms quorum.election.timeout.ms quorum.fetch.timeout.ms ' +
    'quorum.request.timeout.ms quorum.retry.backoff.ms quorum.voters quota.window.num ' +
    'quota.window.size.seconds',
  'metadata.':
    'log.dir log.max.record.bytes.between.snapshots log.max.snapshot.interval.ms ' +
    'log.segment.bytes log.segment.min.bytes log.segment.ms max.idle.interval.ms ' +
    'max.retention.bytes max.retention.ms',
  'delegation.token.': 'expiry.check.interval.ms expiry.time.ms max.lifetime.ms',
  'password.encoder.': 'cipher.algorithm iterations key.length keyfactory.algorithm',
  'alter.':
    'config.policy.class.name log.dirs.replication.quota.window.num ' +
    'log.dirs.replication.quota.window.size.seconds',
  'group.consumer.':
    'heartbeat.interval.ms max.heartbeat.interval.ms max.session.timeout.ms max.size ' +
    'min.heartbeat.interval.ms min.session.timeout.ms session.timeout.ms',
  'group.coordinator.': 'append.linger.ms rebalance.protocols',
  'remote.log.storage.': 'system.enable manager.class.name manager.class.path manager.impl.prefix',
  'metrics.': 'num.samples recording.level sample.window.ms',
  'kafka.metrics.': 'polling.interval.secs reporters',
  'quota.': 'consumer.default producer.default',
  'socket.connection.setup.': 'timeout.max.ms timeout.ms',
  '':
    'authorizer.class.name auto.include.jmx.reporter broker.heartbeat.interval.ms ' +
    'broker.session.timeout.ms client.quota.callback.class config.providers ' +
    'connections.max.reauth.ms create.topic.policy.class.name early.start.listeners ' +
    'eligible.leader.replicas.enable ' +
    'initial.broker.registration.timeout.ms metric.reporters num.replica.alter.log.dirs.threads ' +
    'principal.builder.class process.roles remote.fetch.max.wait.ms ' +
    'security.providers server.max.startup.time.ms ' +
    'super.users allow.everyone.if.no.acl.found telemetry.max.bytes ' +
    'unstable.api.versions.enable unstable.feature.versions.enable',
};

const secrets =
  'ssl.key.password ssl.keystore.certificate.chain ssl.keystore.key ' +
  'ssl.truststore.certificates ssl.keystore.password ssl.truststore.password ' +
  'sasl.jaas.config zookeeper.ssl.keystore.password zookeeper.ssl.truststore.password ' +
  'delegation.token.master.key delegation.token.secret.key password.encoder.old.secret ' +
  'password.encoder.secret';

const accepted = unused(string(null, anything, 'Accepted.'));
const acceptedSecret = unused(password('Accepted; never shown.'));

/** What stands below these is configuration of a listener, a plug-in or a feature that is not here. */
export const unusedPrefixes: readonly string[] = [
  'listener.name.',
  'remote.log.',
  'rlmm.config.',
  'rsm.config.',
  'group.share.',
  'share.coordinator.',
  'config.providers.',
];

export const unusedKeys: readonly ConfigKey[] = keysOf({
  ...Object.fromEntries(
    Object.entries(names).flatMap(([prefix, rest]) =>
      rest.split(' ').map((name) => [prefix + name, accepted] as const),
    ),
  ),
  ...Object.fromEntries(secrets.split(' ').map((name) => [name, acceptedSecret] as const)),
});
