import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import type { Random } from '../../../broker/platform/random.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { Rewriter } from '../../../operator/local/kubelet/rewriter.ts';
import { zooConfig } from '../../../operator/local/kubelet/zookeeper-image.ts';
import { AddressBook } from '../../../operator/local/network/addresses.ts';
import { Names } from '../../../operator/local/network/names.ts';
import type { Scratch } from './scratch.ts';
import { scratchFolder } from './scratch.ts';

const random: Random = { ...systemRandom, integer: () => 40 };

describe('Names and paths of containers', () => {
  let scratch: Scratch;
  let names: Names;
  beforeEach(() => {
    scratch = scratchFolder();
    names = new Names(new AddressBook(join(scratch.folder, 'addresses.json'), random), {
      hasService: (namespace, name) =>
        namespace === 'default' && ['demo-broker', 'demo-bootstrap'].includes(name),
      serviceOfSet: (namespace, set) =>
        namespace === 'default' && set === 'demo-broker' ? 'demo-broker' : null,
    });
    // In this order they get 127.42.0.1, .2 and .3.
    names.resolve('demo-broker-0.demo-broker demo-broker-1.demo-broker', 'default');
    names.resolve('demo-bootstrap.default', 'default');
  });
  afterEach(() => scratch.remove());

  it.each([
    ['demo-broker-0.demo-broker.default.svc.cluster.local:9092', '127.42.0.1:9092'],
    ['demo-broker-0.demo-broker.default.svc', '127.42.0.1'],
    ['{"host":"demo-broker-1.demo-broker"}', '{"host":"127.42.0.2"}'],
    ['demo-bootstrap:9092,demo-bootstrap.default.svc:9092', '127.42.0.3:9092,127.42.0.3:9092'],
    ['a word such as demo-bootstrap', 'a word such as demo-bootstrap'],
    ['demo-broker-0.demo-broker.other.svc', 'demo-broker-0.demo-broker.other.svc'],
    ['demo-brokers-0.demo-broker', 'demo-brokers-0.demo-broker'],
    ['log.retention.ms=1', 'log.retention.ms=1'],
  ])('resolves %s', (text, resolved) => {
    expect(names.resolve(text, 'default')).toBe(resolved);
  });

  it('gives a name the same address after a restart', () => {
    const file = join(scratch.folder, 'kept.json');
    const before = new AddressBook(file, random);
    before.ofPod('default', 'a');
    const address = before.ofPod('default', 'b');
    expect(new AddressBook(file, systemRandom).ofPod('default', 'b')).toBe(address);
  });

  it.each([
    ['log.dirs=/data/a,/data/b', 'log.dirs=/local/d/a,/local/d/b'],
    [
      '/data/log is not /datalog nor /x/data nor /data.old',
      '/local/d/log is not /local/l nor /x/data nor /data.old',
    ],
    ['/tmp', '/local/t'],
    ['http://0.0.0.0:80 and localhost', 'http://127.9.9.9:80 and 127.9.9.9'],
    ['10.0.0.0.0', '10.0.0.0.0'],
  ])('rewrites %s', (text, rewritten) => {
    const rewriter = new Rewriter({
      mounts: [
        { mountPath: '/data/', localPath: '/local/d' },
        { mountPath: '/datalog', localPath: '/local/l' },
        { mountPath: '/tmp', localPath: '/local/t' },
        { mountPath: '/local', localPath: '/never/again' },
      ],
      names,
      namespace: 'default',
      podAddress: '127.9.9.9',
    });
    expect(rewriter.text(text)).toBe(rewritten);
  });

  it("makes ZooKeeper's configuration of its image's environment", () => {
    const env = new Map([
      ['ZOO_SERVERS', 'server.1=127.42.0.1:2888:3888;2181 server.2=127.42.0.2:2888:3888;2181'],
      ['ZOO_STANDALONE_ENABLED', 'false'],
      ['ZOO_CFG_EXTRA', 'quorumListenOnAllIPs=true\nglobalOutstandingLimit=5'],
    ]);
    const at = { dataFolder: '/d', logFolder: '/l', podAddress: '127.42.0.1' };
    const lines = zooConfig(env, at).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'dataDir=/d',
        'dataLogDir=/l',
        'tickTime=2000',
        'standaloneEnabled=false',
        'globalOutstandingLimit=5',
        'quorumListenOnAllIPs=false',
        'admin.serverAddress=127.42.0.1',
        'server.1=127.42.0.1:2888:3888;127.42.0.1:2181',
        'server.2=127.42.0.2:2888:3888;127.42.0.2:2181',
      ]),
    );
    expect(lines).not.toContain('quorumListenOnAllIPs=true');
  });
});
