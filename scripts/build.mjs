/** `npm run build`: dist/ from broker/ and operator/. */

import process from 'node:process';

import { build } from './lib/build.mjs';
import { installDependencies } from './lib/npm-dependencies.mjs';

await installDependencies({ yes: process.argv.includes('--yes'), isNative: false });
await build();
