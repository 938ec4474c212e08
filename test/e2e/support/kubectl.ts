/** kubectl on the cluster of KUBECONFIG. */

import { randomBytes } from 'node:crypto';
import type { Finished } from '../../support/child.ts';
import { runOrThrow, runToEnd } from '../../support/child.ts';

const limitMs = 240_000;

/** Rejects with what kubectl printed unless it ended with 0; resolves with its standard output. */
export async function kubectl(args: readonly string[], input = ''): Promise<string> {
  const { stdout } = await runOrThrow({ command: 'kubectl', args, input, limitMs });
  return stdout.trim();
}

/** What became of applying a manifest, also when it was refused. */
export function applied(namespace: string, manifest: string): Promise<Finished> {
  const args = ['apply', '--namespace', namespace, '--filename', '-'];
  return runToEnd({ command: 'kubectl', args, input: manifest, limitMs });
}

/** Installs the CRDs of this checkout; resolves when the API server serves them. */
export async function installCustomResources(): Promise<void> {
  await kubectl(['apply', '--filename', 'crds/']);
  const names = ['kafkaclusters', 'kafkatopics'].map((plural) => `crd/${plural}.odradek.dev`);
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
}

/**
 * A namespace of a test's own, in which only pods of the pod security standard "restricted" may
 * run. Resolves when it is furnished with what Kubernetes puts into each.
 */
export async function createNamespace(purpose: string): Promise<string> {
  const name = `odradek-${purpose}-${randomBytes(3).toString('hex')}`;
  await kubectl(['create', 'namespace', name]);
  await kubectl(['label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted']);
  for (const object of ['configmap/kube-root-ca.crt', 'serviceaccount/default']) {
    await kubectl(['wait', '--namespace', name, '--for=create', '--timeout=60s', object]);
  }
  return name;
}

export async function deleteNamespace(name: string): Promise<void> {
  await kubectl(['delete', 'namespace', name, '--wait=false']);
}
