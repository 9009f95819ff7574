/** The commands, their flags and their help. The implementation of a command is in the file of its name and is loaded when it runs. */
import { Command, Option } from 'commander';
import { addClusterFlags, addConfigMapFlag, addFileFlags, addOutputFlag, parseCount, parseName } from './flags';
import type { Session } from './io';

/** Called with the exit code of the command that ran. */
export type Done = (exitCode: number) => void;

/** Returns the program. Its `parseAsync` runs a command. */
export function createProgram(version: string, session: Session, done: Done): Command {
  const program = new Command('kafka-tls')
    .usage('<command> [flags]')
    .description(
      'Brings the TLS of a KubeDB Kafka to the state that a bundle in Git asks for: certificates, operations and restarts in order, and a handshake with every broker as proof.',
    )
    .optionsGroup(FLAGS)
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText('after', PROGRAM_HELP);
  const add = <Flags>(command: Command, load: () => Promise<(flags: Flags, session: Session) => Promise<number>>) => {
    command.optionsGroup(FLAGS).option('--debug', 'show the stack of an error');
    command.allowExcessArguments(false).action(async () => done(await (await load())(flagsOf(command) as Flags, session)));
    program.addCommand(command);
  };
  add(planCommand(), async () => (await import('./plan.js')).runPlan);
  add(applyCommand(), async () => (await import('./apply.js')).runApply);
  add(verifyCommand(), async () => (await import('./verify.js')).runVerify);
  add(statusCommand(), async () => (await import('./status.js')).runStatus);
  add(renderCommand(), async () => (await import('./render.js')).runRender);
  add(observeCommand(), async () => (await import('./observe.js')).runObserve);
  add(reportCommand(), async () => (await import('./report.js')).runReport);
  add(sandboxCommand(), async () => (await import('./sandbox.js')).runSandbox);
  return program;
}

/** Returns the flags of a command, and its arguments by their names. */
function flagsOf(command: Command): object {
  const named = command.registeredArguments.map((argument, i) => [argument.name(), command.args[i]]);
  return { ...command.opts(), ...Object.fromEntries(named) };
}

const FLAGS = 'Flags:';

const PROGRAM_HELP = `
Exit codes:
  0   done, or nothing to do
  1   failed; with verify: a listener serves another certificate than desired
  2   the input is wrong and must be changed
  3   plan --exit-code: changes are pending
  4   blocked: a gate, another owner, or an API server that does not answer;
      safe to run again later
  70  a bug
  130  ended by Ctrl-C; safe to run again
  143  ended by SIGTERM; safe to run again

Start here:
  kafka-tls sandbox     in one terminal: a cluster to try things on
  npx cdk8s synth       in another: writes bundles to dist/
  kafka-tls plan        shows the steps
  kafka-tls apply       executes them

"kafka-tls <command> --help" explains a command and shows examples.`;

/** Help of a command: in the list of commands, above its flags, and below them. */
interface Texts {
  readonly summary: string;
  readonly description: string;
  readonly after: string;
}

/** Help shows the flags of the command first, then the flags of the bundle and of the cluster. */
function command(name: string, { summary, description, after }: Texts): Command {
  return new Command(name)
    .usage('[flags]')
    .summary(summary)
    .description(description)
    .addHelpText('after', `\n${after.trim()}`)
    .optionsGroup(FLAGS)
    .helpOption('-h, --help', 'explain this command');
}

function sourced(command: Command): Command {
  return addClusterFlags(addConfigMapFlag(addFileFlags(command)));
}

function addPlanOptions(command: Command): Command {
  return command
    .option('--take-over', 'take the Kafka over from another KafkaTls')
    .option('--retry', 'try operations again that have failed with the same content');
}

function planCommand(): Command {
  const plan = command('plan', {
    summary: 'shows the steps of a run and their reasons; changes nothing',
    description: 'Shows the steps of a run in their order, with reasons. Changes nothing.',
    after: PLAN_HELP,
  });
  addOutputFlag(plan, 'how to print it')
    .addOption(new Option('--base <path>', 'compare with this older bundle instead of the cluster').conflicts(['configMap', 'observation']))
    .addOption(
      new Option('--observation <file>', 'compare with this output of "kafka-tls observe" instead of the cluster').conflicts('configMap'),
    )
    .addOption(new Option('--out <file>', 'also save the plan, for "kafka-tls apply --plan"').conflicts('base'))
    .option('--summary <file>', 'also append the Markdown to this file, without the limit of a comment, such as $GITHUB_STEP_SUMMARY')
    .option('--exit-code', 'exit 3 when changes are pending')
    .addOption(new Option('--explain', 'also show which nodes and clients can talk in every state of the run').conflicts('base'));
  return sourced(addPlanOptions(plan));
}

const PLAN_HELP = `
If a plan has blockers, it lists them and exits as apply would: 1 if the operation
has failed before, 2 if a commit must change, 4 if the blocker may go away later.
Without the right to read Secrets a plan is incomplete, and reports that.

Examples:
  kafka-tls plan                             dist/ against the current cluster
  kafka-tls plan -f dist/prod --name orders  one of several bundles
  kafka-tls plan --base main-dist --output markdown
                                             a pull request, with no cluster
  kafka-tls plan --output html > plan.html   a page, such as for a ticket
  kafka-tls plan --out plan.json             a plan to approve and apply later
  kafka-tls plan --observation seen.json     the plan of a bug report`;

function applyCommand(): Command {
  const apply = command('apply', {
    summary: 'executes the plan; the Job runs this command',
    description:
      'Executes the plan: issues certificates, runs the operation, restarts pods in order behind gates, and verifies. The Job runs this command.',
    after: APPLY_HELP,
  });
  addOutputFlag(apply, 'lines of text, or one JSON object for each event').addOption(
    new Option('--digest <digest>', 'expected bundle digest; a mismatch is only a warning'),
  );
  apply.option('--report <file>', 'also write a page of HTML about the run to this file, also when it fails');
  apply.option('--trace <file>', 'also write the run as an OpenTelemetry trace (OTLP/JSON) to this file, also when it fails');
  apply.option('--termination-log <file>', 'also write the result to this file, which Kubernetes reads from a pod');
  apply.option('--plan <file>', 'execute only this saved plan; refuse if the cluster has changed since');
  return sourced(addPlanOptions(apply));
}

const APPLY_HELP = `
Safe to run again at any time: a second run does nothing, and a run after a crash
continues where the first one stopped. Ctrl-C resumes the Kafka and ends the run.
If OTEL_EXPORTER_OTLP_ENDPOINT is set, the trace of the run is sent there.

Examples:
  kafka-tls apply                            bring dist/ to the current cluster
  kafka-tls apply -f dist/orders.k8s.yaml --context prod
  kafka-tls apply --plan plan.json           only the saved plan
  kafka-tls apply --config-map demo/kafka-tls-orders
                                             as the Job does
  kafka-tls apply --output json | jq .message`;

function verifyCommand(): Command {
  const verify = command('verify', {
    summary: 'compares the certificate of every listener with its Secret',
    description: 'Makes a TLS handshake with every listener of every pod and compares the certificate with its Secret. Changes nothing.',
    after: VERIFY_HELP,
  });
  return sourced(addKafkaFlag(addOutputFlag(verify, 'how to print it')));
}

const VERIFY_HELP = `
Exits 1 if a listener serves another certificate than desired, and 4 if a listener
cannot be reached.

Examples:
  kafka-tls verify                           the bundles in dist/
  kafka-tls verify --kafka demo/orders       the spec of the Kafka, no bundle`;

function statusCommand(): Command {
  const status = command('status', {
    summary: 'shows the TLS of every Kafka in a row; changes nothing',
    description:
      'Shows for every Kafka that you may list: the TLS that its bundle in the cluster wants, that its spec has, and that its pods serve; days left of its certificates; the last run. Changes nothing.',
    after: STATUS_HELP,
  });
  addOutputFlag(status, 'how to print it')
    .addOption(new Option('-A, --all-namespaces', 'Kafkas of all namespaces').conflicts('namespace'))
    .option('-n, --namespace <namespace>', 'Kafkas of this namespace (default: that of the context)');
  return addClusterFlags(status);
}

const STATUS_HELP = `
Exits 1 if a Kafka differs from its bundle or a listener from its Secret, and 4 if
something could not be compared.

Examples:
  kafka-tls status -A
  kafka-tls status -n demo --output html > status.html
  kafka-tls status -A --output prometheus > /var/lib/node_exporter/kafka_tls.prom`;

function addKafkaFlag(command: Command): Command {
  return command.addOption(
    new Option('--kafka <namespace/name>', 'this Kafka, without a bundle').argParser(parseName).conflicts(['file', 'configMap', 'name']),
  );
}

function renderCommand(): Command {
  const render = command('render', {
    summary: 'prints the manifests inside bundles; needs no cluster',
    description: 'Prints the manifests inside bundles, for kubeconform and for reviewers. Needs no cluster.',
    after: RENDER_HELP,
  });
  return addFileFlags(addOutputFlag(render, 'YAML documents, or one List'));
}

const RENDER_HELP = `
Examples:
  kafka-tls render | kubeconform -summary -ignore-missing-schemas
  kubectl get configmap kafka-tls-orders -o yaml | kafka-tls render -f -`;

function observeCommand(): Command {
  const observe = command('observe', {
    summary: 'prints the observation of a Kafka as JSON; changes nothing',
    description:
      'Prints the observation of a Kafka as one JSON document: for a bug report, or for "plan --observation". It holds no Secret values. Changes nothing.',
    after: OBSERVE_HELP,
  });
  return sourced(addKafkaFlag(observe));
}

const OBSERVE_HELP = `
Examples:
  kafka-tls observe > seen.json              the Kafka of the bundle in dist/
  kafka-tls plan --observation seen.json     later, with the same bundle
  kafka-tls observe --kafka demo/orders      without a bundle`;

function reportCommand(): Command {
  const report = command('report', {
    summary: 'makes a page of HTML from the events of a run; needs no cluster',
    description:
      'Makes a page of HTML from the lines that "kafka-tls apply --output json" has printed: pods over time, certificates before and after, blockers, events. Needs no cluster.',
    after: REPORT_HELP,
  });
  return report
    .usage('[flags] <events>')
    .argument('<events>', 'file with the events, or - for standard input')
    .addOption(new Option('-o, --out <file>', 'file for the page').default('run.html'))
    .option('--trace <file>', 'also write the run as an OpenTelemetry trace (OTLP/JSON) to this file')
    .option('--plan <file>', 'saved plan, for events that hold none')
    .addOption(
      new Option('--run <number>', 'the run to show, from 1, if the file holds several (default: the last)').argParser(parseCount),
    );
}

const REPORT_HELP = `
The page needs nothing from elsewhere and can be attached to a ticket. It is also
made of events that end too early: it says what is missing.

Examples:
  kafka-tls apply --output json | tee run.ndjson
  kafka-tls report run.ndjson -o run.html --trace trace.json
  kafka-tls apply --report run.html          the run and its page at once`;

function sandboxCommand(): Command {
  const sandbox = command('sandbox', {
    summary: 'runs a cluster inside this process, to try things out',
    description:
      'Runs a small cluster inside this process, with stand-ins for KubeDB and cert-manager, until Ctrl-C. Every broker is a real TLS listener.',
    after: SANDBOX_HELP,
  })
    .option('-f, --file <path>', 'create these objects at the start; may be repeated', (value: string, all: readonly string[] = []) => [
      ...all,
      value,
    ])
    .option('--no-ops-manager', "leave KubeDB's ops-manager out, for the native executor")
    .option('--cluster-domain <domain>', 'DNS domain of the cluster (default: cluster.local)')
    .option('--kubeconfig <file>', 'file for the kubeconfig (default: in a new temporary folder)');
  return addOutputFlag(sandbox, 'how to print the address');
}

const SANDBOX_HELP = `
Examples:
  kafka-tls sandbox -f kafka.yaml            then follow its output
  kafka-tls sandbox --no-ops-manager --kubeconfig sandbox.kubeconfig`;
