/**
 * The project that `cdk8s init typescript-app` makes. The command itself cannot be asked: after copying its template it downloads the
 * Kubernetes schema from the web. So its own template is filled in here, with the versions it would fill in.
 */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const CLI = 'node_modules/cdk8s-cli';

/** Where the template says what a user does next, with what it needs imported. */
interface Content {
  readonly imports: string;
  readonly resources: string;
}

/** Writes the template's files to a folder, with `content` in the chart where it says "define resources here". */
export function writeTemplate(folder: string, { imports, resources }: Content): void {
  cpSync(path.join(CLI, 'templates/typescript-app'), folder, { recursive: true });
  rmSync(path.join(folder, '.hooks.sscaff.js'));
  renameSync(path.join(folder, '{{}}.gitignore'), path.join(folder, '.gitignore'));
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()))
    edit(path.join(file.parentPath, file.name), (text) => filled(text, path.basename(folder)));
  edit(path.join(folder, 'main.ts'), (text) => {
    const inNamespace = text.replace('super(scope, id, props)', "super(scope, id, { namespace: 'demo', ...props })");
    return `${imports}\n${inNamespace.replace('// define resources here', resources)}`;
  });
}

function filled(text: string, name: string): string {
  const values: Readonly<Record<string, string>> = {
    $base: name,
    cdk8s_core_version: version('cdk8s'),
    cdk8s_plus_version: version('cdk8s-plus-33'),
    constructs_version: version('constructs'),
    cdk8s_cli_spec: `^${version('cdk8s-cli')}`,
  };
  return text.replace(/\{\{ *([^ }]+) *\}\}/g, (whole, key: string) => values[key] ?? whole);
}

function version(name: string): string {
  return (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version;
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}
