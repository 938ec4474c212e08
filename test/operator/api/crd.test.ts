import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { renderCrds } from '../../../operator/api/crd.ts';
import { goldenText } from '../../support/golden.ts';

describe('The generated CRDs', () => {
  it.each(renderCrds())('$file is what operator/api says', ({ file, yaml }) => {
    expect(yaml).toBe(goldenText(new URL(`../../../crds/${file}`, import.meta.url), yaml));
  });

  it('are small enough for kubectl apply', () => {
    const sizes = renderCrds().map(
      ({ file }) => readFileSync(new URL(`../../../crds/${file}`, import.meta.url)).length,
    );
    expect(Math.max(...sizes)).toBeLessThan(100_000);
  });
});
