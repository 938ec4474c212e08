/** The downward API: fields of the pod, as env and files may ask for them. */

import type { Pod } from '../resources/pod.ts';

/** Throws a TypeError for a field that Kubernetes does not offer either. */
export function podField(pod: Pod, fieldPath: string, podAddress: string): string {
  const { metadata, spec } = pod;
  const entry = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (entry !== null) {
    const map = entry[1] === 'labels' ? metadata.labels : metadata.annotations;
    return map[entry[2] ?? ''] ?? '';
  }
  switch (fieldPath) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace;
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.nodeName':
      return 'local';
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.hostIP':
      return podAddress;
    default:
      throw new TypeError(`fieldPath: ${fieldPath} is no field that a pod can be asked for`);
  }
}

function lines(map: Readonly<Record<string, string>>): string {
  const entries = Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n');
}
