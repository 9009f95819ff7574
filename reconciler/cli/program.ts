/** The commands and their flags, as help shows them. What a command does is in the file of its name, which is loaded when it runs. */
import { Command, Option } from 'commander';
import { addClusterFlags, addConfigMapFlag, addFileFlags, addOutputFlag, parseName } from './flags';
import type { Session } from './session';

/** Called with the exit code of the command that ran. */
export type Done = (exitCode: number) => void;

/** Returns the program. Parsing it runs a command. */
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
    command.allowExcessArguments(false).action(async () => done(await (await load())(command.opts() as Flags, session)));
    program.addCommand(command);
  };
  add(planCommand(), async () => (await import('./plan.js')).runPlan);
  add(applyCommand(), async () => (await import('./apply.js')).runApply);
  add(verifyCommand(), async () => (await import('./verify.js')).runVerify);
  add(renderCommand(), async () => (await import('./render.js')).runRender);
  add(observeCommand(), async () => (await import('./observe.js')).runObserve);
  add(sandboxCommand(), async () => (await import('./sandbox.js')).runSandbox);
  return program;
}

const FLAGS = 'Flags:';

const PROGRAM_HELP = `
Exit codes:
  0   done, or nothing to do
  1   failed; with verify: a listener serves something else than it should
  2   the input is wrong: only a change of it helps
  3   plan --exit-code: changes are pending
  4   blocked by something that time or somebody else cures, or the API server
      does not answer; safe to run again
  70  a bug
  130  ended by Ctrl-C; safe to run again
  143  ended by SIGTERM; safe to run again

Start here:
  kafka-tls sandbox     in one terminal: a cluster to play with
  npx cdk8s synth       in another: writes bundles to dist/
  kafka-tls plan        shows what would be done
  kafka-tls apply       does it

"kafka-tls <command> --help" explains a command and shows examples.`;

/** What help says of a command: in the list, above its flags, and below them. */
interface Texts {
  readonly summary: string;
  readonly description: string;
  readonly after: string;
}

/** Its own flags come first, then which bundle, then which cluster. */
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
    .option('--retry', 'try again what has failed before with the same content');
}

function planCommand(): Command {
  const plan = command('plan', {
    summary: 'shows what would be done, in order, and why; changes nothing',
    description: 'Shows what would be done, in order, and why. Changes nothing.',
    after: PLAN_HELP,
  });
  addOutputFlag(plan, ['text', 'json', 'markdown'], 'how to print it')
    .addOption(new Option('--base <path>', 'compare with this older bundle instead of the cluster').conflicts(['configMap', 'observation']))
    .addOption(
      new Option('--observation <file>', 'compare with what "kafka-tls observe" printed instead of the cluster').conflicts('configMap'),
    )
    .addOption(new Option('--out <file>', 'save the plan as well, for "kafka-tls apply --plan"').conflicts('base'))
    .option('--summary <file>', 'append the Markdown to this file too, with what a comment has no room for, as for $GITHUB_STEP_SUMMARY')
    .option('--exit-code', 'exit 3 when changes are pending');
  return sourced(addPlanOptions(plan));
}

const PLAN_HELP = `
A plan that cannot be carried out says why, and exits as apply would: 1 when it
has failed before, 2 when a commit has to change, 4 when time or another actor has
to cure it.
Without a right to Secrets a plan has less in it, and says so.

Examples:
  kafka-tls plan                             dist/ against the current cluster
  kafka-tls plan -f dist/prod --name orders  one of several bundles
  kafka-tls plan --base main-dist --output markdown
                                             a pull request, with no cluster
  kafka-tls plan --out plan.json             a plan to agree to and apply later
  kafka-tls plan --observation seen.json     what a bug report would plan`;

function applyCommand(): Command {
  const apply = command('apply', {
    summary: 'carries the plan out; this is what the Job runs',
    description:
      'Carries the plan out: issues certificates, runs the operation, restarts pods in order behind gates, and verifies. This is what the Job runs.',
    after: APPLY_HELP,
  });
  addOutputFlag(apply, ['text', 'json'], 'lines to read, or one JSON object an event').addOption(
    new Option('--digest <digest>', 'content that is expected; another one is applied all the same, with a warning'),
  );
  apply.option('--termination-log <file>', 'write how it ended to this file as well, as Kubernetes reads it from a pod');
  apply.option('--plan <file>', 'do what this saved plan holds and nothing else; refuse when the cluster has moved since');
  return sourced(addPlanOptions(apply));
}

const APPLY_HELP = `
Safe to run again at any time: a second run does nothing, and a run after a crash
goes on where the first one stopped. Ctrl-C ends a run with the Kafka resumed.

Examples:
  kafka-tls apply                            bring dist/ to the current cluster
  kafka-tls apply -f dist/orders.k8s.yaml --context prod
  kafka-tls apply --plan plan.json           what was planned, and nothing else
  kafka-tls apply --config-map demo/kafka-tls-orders
                                             what the Job does
  kafka-tls apply --output json | jq .message`;

function verifyCommand(): Command {
  const verify = command('verify', {
    summary: 'shakes hands with every broker and compares with its Secret',
    description: 'Shakes hands with every listener of every pod and compares what it serves with what its Secret holds. Changes nothing.',
    after: VERIFY_HELP,
  });
  return sourced(addKafkaFlag(addOutputFlag(verify, ['text', 'json'], 'how to print it')));
}

const VERIFY_HELP = `
Exits 1 when a listener serves something else than it should, and 4 when one could
not be reached: what was not seen is not verified.

Examples:
  kafka-tls verify                           what the bundles in dist/ want
  kafka-tls verify --kafka demo/orders       what the Kafka itself says, no bundle`;

function addKafkaFlag(command: Command): Command {
  return command.addOption(
    new Option('--kafka <namespace/name>', 'look at this Kafka; no bundle is needed')
      .argParser(parseName)
      .conflicts(['file', 'configMap', 'name']),
  );
}

function renderCommand(): Command {
  const render = command('render', {
    summary: 'prints the manifests inside bundles; needs no cluster',
    description: 'Prints the manifests inside bundles, for kubeconform and for reviewers. Needs no cluster.',
    after: RENDER_HELP,
  });
  return addFileFlags(addOutputFlag(render, ['text', 'json'], 'YAML documents, or one List'));
}

const RENDER_HELP = `
Examples:
  kafka-tls render | kubeconform -summary -ignore-missing-schemas
  kubectl get configmap kafka-tls-orders -o yaml | kafka-tls render -f -`;

function observeCommand(): Command {
  const observe = command('observe', {
    summary: 'prints all that is seen of a Kafka as JSON; changes nothing',
    description:
      'Prints everything that is seen of a Kafka as one JSON document: for a bug report, or for "plan --observation". It holds no Secret values. Changes nothing.',
    after: OBSERVE_HELP,
  });
  return sourced(addKafkaFlag(observe));
}

const OBSERVE_HELP = `
Examples:
  kafka-tls observe > seen.json              what the bundle in dist/ is about
  kafka-tls plan --observation seen.json     later, with the same bundle
  kafka-tls observe --kafka demo/orders      without a bundle`;

function sandboxCommand(): Command {
  const sandbox = command('sandbox', {
    summary: 'runs a cluster inside this process, for kubectl and for play',
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
    .option('--kubeconfig <file>', 'where to write the kubeconfig (default: a new temporary folder)');
  return addOutputFlag(sandbox, ['text', 'json'], 'how to print where it is');
}

const SANDBOX_HELP = `
Examples:
  kafka-tls sandbox -f kafka.yaml            then follow what it prints
  kafka-tls sandbox --no-ops-manager --kubeconfig sandbox.kubeconfig`;
