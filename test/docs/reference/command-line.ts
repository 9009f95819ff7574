/** The page about the command line: the help of every command. */
import { kafkaTls } from '../../support/command-line';
import { GENERATED } from './markdown';

export async function commandLinePage(): Promise<string> {
  const overview = await helpOf([]);
  const list = /^Commands:\n([\s\S]*?)\n\n/m.exec(overview)?.[1] ?? '';
  const commands = [...list.matchAll(/^ {2}(\w[\w-]*)/gm)].map(([, command = '']) => command);
  const sections = await Promise.all(commands.map(async (command) => `## ${command}\n\n${block(await helpOf([command]))}`));
  const parts = [
    '# Command line',
    GENERATED,
    block(overview),
    'More about [exit codes](exit-codes.md) and [events](events.md).',
    ...sections,
  ];
  return `${parts.join('\n\n')}\n`;
}

async function helpOf(command: readonly string[]): Promise<string> {
  return (await kafkaTls([...command, '--help'], { io: { columns: 100 } })).stdout.trimEnd();
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
