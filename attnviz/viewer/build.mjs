// Writes both bundles and a hash of what they were made from: `npm ci && npm run build`.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const hash = createHash('sha256');
for (const name of readdirSync('src').sort()) hash.update(name).update('\0').update(readFileSync(`src/${name}`)).update('\0');
const digest = hash.digest('hex');
const shared = { bundle: true, minify: true, charset: 'utf8', target: 'es2022', legalComments: 'none', banner: { js: `/* attnviz view, sources ${digest} */` } };
await build({ ...shared, entryPoints: ['src/index.js'], format: 'esm', outfile: 'bundle/view.js' });
await build({ ...shared, entryPoints: ['src/page.js'], format: 'iife', outfile: 'bundle/page.js' });
writeFileSync('bundle/sources.sha256', `${digest}\n`);
