/** What the scenarios of this folder need: a cluster, and on it the images. Both stay until all have run. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

import { run } from '../../scripts/lib/command.mjs';
import { bringDown, bringUp, findKit, giveImages } from './support/kit.mjs';

let startedKit = null;

export default {
  kubernetes: {
    what: 'a Kubernetes cluster, 1.31 or later',
    prepare: prepareCluster,
    release: async () => {
      if (startedKit !== null) await bringDown(startedKit);
      startedKit = null;
    },
  },
  images: {
    what: 'the images of the broker and of ZooKeeper',
    needs: ['kubernetes'],
    prepare: prepareImages,
  },
};

async function prepareCluster() {
  const failure = await findOrBringUp();
  // The operator runs beside the cluster and has to find pods by name.
  if (failure === null) process.env.ODRADEK_CLUSTER_DNS ??= await clusterDns();
  return failure;
}

async function findOrBringUp() {
  if ((process.env.KUBECONFIG ?? '') !== '')
    return isOnPath('kubectl') ? null : 'KUBECONFIG is set, but there is no kubectl';
  const kit = findKit();
  if (kit === null)
    return 'set KUBECONFIG, or ODRADEK_KUBERNETES_KIT to a kit that brings one up (test/e2e/README.md)';
  const { failure, isOurs } = await bringUp(kit);
  if (isOurs) startedKit = kit;
  return failure;
}

async function clusterDns() {
  const service = ['--namespace', 'kube-system', 'get', 'service', 'kube-dns'];
  const address = ['--output', 'jsonpath={.spec.clusterIP}'];
  const { code, output } = await run('kubectl', [...service, ...address], { limitMs: 60_000 });
  return code === 0 ? output.trim() : '';
}

async function prepareImages() {
  if (startedKit !== null) return giveImages(startedKit);
  return (process.env.ODRADEK_BROKER_IMAGE ?? '') === ''
    ? 'set ODRADEK_BROKER_IMAGE to one that the cluster can pull (and ODRADEK_ZOOKEEPER_IMAGE)'
    : null;
}

function isOnPath(command) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => existsSync(join(folder, command)));
}
