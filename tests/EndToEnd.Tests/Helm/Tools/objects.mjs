// Reads objects of Kubernetes as YAML and writes them as JSON, with what is wrong with them: by the schemas of their kinds, and by the types made of these, which know all fields that there are.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseAllDocuments } from 'yaml';

process.chdir(import.meta.dirname);
const require = createRequire(import.meta.url);
const custom = {
  'cert-manager.io': '@kubernetes-models/cert-manager',
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};
const documents = parseAllDocuments(readFileSync(0, 'utf8'), { version: '1.1' });
const problems = documents.flatMap(document => document.errors.map(error => error.message));
const objects = documents.map(document => document.toJS()).filter(object => object !== null);
const imports = [];
const uses = [];
for (const object of objects) {
  const name = `${object.kind} ${object.metadata?.name}`;
  try {
    const other = custom[object.apiVersion.split('/')[0]];
    const path = `${other ?? 'kubernetes-models'}/${object.apiVersion}`;
    const kinds = other ? await import(path) : require(path);
    new kinds[object.kind](object).validate();
    imports.push(`import { ${object.kind} as Kind${uses.length} } from '${path}';`);
    uses.push({ name, text: `new Kind${uses.length}(${JSON.stringify({ ...object, apiVersion: undefined, kind: undefined })});` });
  } catch (error) {
    problems.push(`${name}: ${error.message}`);
  }
}

writeFileSync('objects.ts', [...imports, ...uses.map(use => use.text), 'export {};'].join('\n'));
try {
  execFileSync('node_modules/.bin/tsc', { encoding: 'utf8' });
} catch (error) {
  for (const line of error.stdout.split('\n').filter(line => line.startsWith('objects.ts')))
    problems.push(`${uses[Number(line.match(/\((\d+),/)[1]) - 1 - imports.length].name}: ${line}`);
  if (problems.length === 0)
    throw error;
}
console.log(JSON.stringify({ objects, problems }));
