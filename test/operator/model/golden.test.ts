import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';

import { parseKafkaCluster } from '../../../operator/api/parse.ts';
import { renderProperties } from '../../../operator/model/broker-properties.ts';
import { desiredCluster } from '../../../operator/model/cluster.ts';
import { goldenText } from '../../support/golden.ts';
import { cluster, clusterSpec } from '../objects.ts';

const identity = { name: 'demo', namespace: 'default', uid: 'uid-of-demo', generation: 1 };
const images = { broker: 'odradek-broker:test', zookeeper: 'zookeeper:test' };

function rendered(changes: object): string {
  const parsed = parseKafkaCluster(cluster(clusterSpec(changes)));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { zookeeper, brokers } = desiredCluster(identity, parsed.value.spec, images);
  const objects = [...(zookeeper?.objects ?? []), ...brokers.objects];
  return objects
    .map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join('---\n');
}

describe('The objects of a cluster', () => {
  it.each([
    ['plain', {}],
    [
      'external-zookeeper',
      {
        broker: {
          replicas: 2,
          firstId: 5,
          image: 'apache/kafka:3.9.1',
          storage: { size: '1Gi', storageClassName: 'fast', deleteClaim: true },
          resources: { requests: { cpu: 1, memory: '1Gi' } },
          template: {
            labels: { team: 'blue' },
            nodeSelector: { disk: 'ssd' },
            affinity: { nodeAffinity: {} },
          },
        },
        zookeeper: { external: { connect: 'zk-0.zk:2181,zk-1.zk:2181/kafka' } },
        listeners: [{ name: 'plain', port: 9093 }],
        config: { 'num.partitions': 3, 'log.segment.bytes': '1048576' },
        retention: { default: { time: '7d', bytes: 'unlimited' } },
      },
    ],
    ['three-zookeepers', { zookeeper: { replicas: 3, storage: { size: '5Gi' } } }],
  ])('are those of %s.yaml', (name, changes) => {
    const text = rendered(changes);
    const file = new URL(`../../golden/operator/${name}.yaml`, import.meta.url);
    expect(text).toBe(goldenText(file, text));
  });

  it('make pods anew for configuration, and not for what is not theirs', () => {
    const hashes = (changes: object): readonly string[] =>
      [...rendered(changes).matchAll(/odradek\.dev\/(?:config|template)-hash: "?(\w+)/g)].map(
        ([, hash]) => hash ?? '',
      );
    const plain = hashes({});
    expect(hashes({ paused: true })).toEqual(plain);
    expect(hashes({ config: { 'num.partitions': 9 } })).not.toEqual(plain);
    expect(hashes({ broker: { replicas: 4, storage: { size: '10Gi' } } })).toEqual(plain);
  });
});

describe('server.properties', () => {
  it('escapes what java.util.Properties would misread', () => {
    const text = renderProperties(new Map([['a b', ' x\\y\nz \u00e9']]));
    expect(text.split('\n')[1]).toBe('a\\ b=\\ x\\\\y\\nz \\u00e9');
  });
});
