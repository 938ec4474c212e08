/**
 * Who may import whom: ARCHITECTURE.md says why. A folder may import itself and what stands beside it here;
 * anything not listed is an error, and so is a folder that is not listed. Edges with a comment go beyond the
 * first drawing and were added on purpose.
 */

/** Every folder may import broker/model; those of `stateful` also the ports and the metrics. */
const stateful = ['platform', 'metrics'];

const brokerFolders = {
  // Pure.
  model: [],
  protocol: [],
  cluster: [],
  config: [],
  policy: ['config'],
  records: ['platform'],
  'coordinator/group': ['records', 'protocol'],
  'coordinator/transaction': ['records', 'protocol'],
  // Stateful.
  platform: [],
  metrics: ['platform'],
  client: [...stateful, 'protocol'],
  zookeeper: [...stateful, 'cluster'],
  'config-store': [...stateful, 'config', 'zookeeper'],
  log: [...stateful, 'records', 'config', 'policy'],
  // protocol: the address of a broker is dialled with ApiVersions and DescribeCluster.
  registration: [...stateful, 'zookeeper', 'config', 'client', 'protocol'],
  // coordinator/group is what it runs; protocol: the requests it answers.
  'coordinator/runtime': [...stateful, 'coordinator/group', 'records', 'client', 'protocol'],
  // zookeeper: below inter.broker.protocol.version 2.7 leaders write their ISR themselves.
  replication: [
    ...stateful,
    'log',
    'records',
    'cluster',
    'zookeeper',
    'protocol',
    'client',
    'config',
  ],
  controller: [...stateful, 'cluster', 'zookeeper', 'protocol', 'client', 'config'],
  security: [...stateful, 'protocol', 'config'],
  quota: [...stateful, 'protocol', 'config'],
  network: [...stateful, 'protocol', 'security'],
  http: [...stateful, 'log', 'registration'],
};
/** The handlers call every service; bytes on sockets are not their business. */
brokerFolders.server = Object.keys(brokerFolders).filter((folder) => folder !== 'network');

const pure = ['broker/model', 'broker/config', 'broker/policy'];
const connected = [...pure, 'broker/protocol', 'broker/client', 'broker/platform'];

const operatorFolders = {
  // Pure.
  api: [...pure],
  model: [...pure, 'operator/api'],
  rolling: [...pure, 'operator/api', 'operator/model'],
  decide: [...pure, 'operator/api', 'operator/model', 'operator/rolling'],
  // Stateful.
  kube: [...connected, 'operator/api'],
  'kafka-admin': [...connected],
  metrics: ['broker/platform'],
  // kafka-admin: what it tells of a topic, as types.
  status: [...pure, 'operator/api', 'operator/model', 'operator/decide', 'operator/kafka-admin'],
};
operatorFolders.reconcilers = [...connected, ...listed(operatorFolders, 'operator')];
operatorFolders.local = [
  ...operatorFolders.reconcilers,
  'operator/reconcilers',
  'operator/manager.ts',
];
operatorFolders.cli = [...operatorFolders.reconcilers, 'operator/local'];

/** Packages, and the only places that may import them. */
const packages = {
  '@kubernetes/client-node': ['operator/kube', 'operator/main'],
  '@mongodb-js/zstd': ['broker/platform', 'broker/records'],
  '@node-rs/crc32': ['broker/platform', 'broker/records'],
  'lz4-napi': ['broker/platform', 'broker/records'],
  'prom-client': ['broker/metrics', 'operator/metrics'],
  kafkajs: ['broker/tools', 'operator/local'],
  koffi: ['broker/platform'],
  pino: ['broker/platform'],
  snappy: ['broker/platform', 'broker/records'],
  yaml: ['operator'],
  zod: ['operator'],
  zookeeper: ['broker/zookeeper'],
};

/** Node's own modules, beside buffer and assert, which are everybody's. */
const nodeModules = {
  'broker/platform/': '.*',
  'broker/records/compression.ts': 'zlib|util',
  'broker/main.ts': '.*',
  'operator/main.ts': '.*',
  // Arguments of the command line.
  'operator/config.ts': 'util',
  // The twin of a kubelet: processes, folders, proxies. It runs on a developer's machine only.
  'operator/local/': '.*',
  // The API server is spoken to here and nowhere else.
  'operator/kube/': 'http|https|tls|fs|url',
};

module.exports = {
  forbidden: [
    ...folderRules(brokerFolders, 'broker', (folder) => `broker/${folder}`, ['broker/model']),
    ...folderRules(operatorFolders, 'operator', (folder) => folder, []),
    unlistedFolders('broker', [...Object.keys(brokerFolders), 'tools']),
    unlistedFolders('operator', Object.keys(operatorFolders)),
    {
      name: 'operator-roots',
      comment: `operator/*.ts may import of the broker only ${connected.join(', ')}`,
      severity: 'error',
      from: { path: '^operator/[^/]+\\.ts$' },
      to: { path: '^broker/', pathNot: anyOf(connected) },
    },
    {
      name: 'broker-never-operator',
      comment: 'The broker knows nothing of the operator',
      severity: 'error',
      from: { path: '^broker/' },
      to: { path: '^operator/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'What ships must not need test/ or scripts/',
      severity: 'error',
      from: { path: '^(broker|operator)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or lack a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unresolvable',
      comment: 'There is no such file or package',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...Object.entries(packages).map(([name, places]) => ({
      name: `package-${name}`,
      comment: `${name} may be imported from ${places.join(', ')} only`,
      severity: 'error',
      from: { path: '^(broker|operator)/', pathNot: anyOf(places) },
      to: { path: `(^|/)node_modules/${name}/` },
    })),
    {
      name: 'package-of-tests',
      comment: 'What ships may import only the packages that are listed in .dependency-cruiser.cjs',
      severity: 'error',
      from: { path: '^(broker|operator)/' },
      to: {
        path: '(^|/)node_modules/',
        pathNot: `(^|/)node_modules/(${[...Object.keys(packages), '@types'].join('|')})/`,
      },
    },
    {
      name: 'node-modules',
      comment: `Only ${Object.keys(nodeModules).join(', ')} import Node's own modules; others take a port`,
      severity: 'error',
      from: {
        path: '^(broker|operator)/',
        pathNot: anyOf(Object.keys(nodeModules)),
      },
      to: { dependencyTypes: ['core'], pathNot: nodeModule('buffer|assert') },
    },
    ...Object.entries(nodeModules)
      .filter(([, allowed]) => allowed !== '.*')
      .map(([place, allowed]) => ({
        name: `node-modules-of-${place}`,
        comment: `${place} may import of Node only ${allowed.replaceAll('|', ', ')}`,
        severity: 'error',
        from: { path: `^${place}` },
        to: { dependencyTypes: ['core'], pathNot: nodeModule(`buffer|assert|${allowed}`) },
      })),
  ],
  options: {
    // An import of a type is an import: it says who knows whom.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    // `zookeeper` and others have no entry of the kind that TypeScript's resolver looks for first.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types', 'typings'],
    },
  },
};

function folderRules(folders, top, place, everywhere) {
  return Object.entries(folders).map(([folder, allowed]) => {
    const names = [...new Set([...everywhere, ...allowed.map(place)])];
    return {
      name: `${top}-${folder.replace('/', '-')}`,
      comment: `${top}/${folder} may import ${names.length === 0 ? 'no other folder' : names.join(', ')}`,
      severity: 'error',
      from: { path: `^${top}/${folder}/` },
      to: { path: '^(broker|operator)/', pathNot: anyOf([`${top}/${folder}`, ...names]) },
    };
  });
}

function unlistedFolders(top, folders) {
  return {
    name: `${top}-unlisted-folder`,
    comment: `A new folder of ${top}/ needs its line in .dependency-cruiser.cjs`,
    severity: 'error',
    from: { path: `^${top}/[^/]+/`, pathNot: `^${top}/(${folders.join('|')})(/|$)` },
    to: { path: '.' },
  };
}

/** Paths that are one of `places` or below it. */
function anyOf(places) {
  return `^(${places.map((place) => place.replace(/\/$/, '')).join('|')})(/|$|\\.)`;
}

function nodeModule(names) {
  return `^(node:)?(${names})(/|$)`;
}

function listed(folders, top) {
  return Object.keys(folders).map((folder) => `${top}/${folder}`);
}
