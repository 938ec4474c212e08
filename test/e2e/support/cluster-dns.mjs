/**
 * Loaded before a program that runs beside the cluster (`node --import`): names that end in .svc are asked of the
 * cluster's own DNS server, as a pod's resolver would; every other name goes the usual way. Node's sockets take
 * dns.lookup when they connect, so replacing it here is enough and needs no rights on the machine.
 */

import dns from 'node:dns';
import process from 'node:process';

const server = process.env.ODRADEK_CLUSTER_DNS ?? '';

if (server !== '') {
  const resolver = new dns.Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([server]);
  const usual = dns.lookup;
  dns.lookup = (host, options, callback) => {
    const done = typeof options === 'function' ? options : callback;
    if (!host.endsWith('.svc')) return usual(host, options, done);
    resolver.resolve4(`${host}.cluster.local`, (error, addresses) => {
      if (error !== null) return done(error);
      if (options?.all === true)
        return done(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        );
      done(null, addresses[0], 4);
    });
  };
}
