// Prints what is wrong with bom.json as a CycloneDX 1.6 document; nothing if it is one.
import { readFileSync } from 'node:fs';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';

const problems = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(readFileSync('bom.json', 'utf8'));
if (problems !== null) {
  console.log(JSON.stringify(problems, null, 1));
  process.exit(1);
}
