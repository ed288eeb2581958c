/** What a run's output says, as GitHub's runner reads it. */
export interface RunLog {
  /** The log as shown: masked, line by line. */
  readonly lines: string[];
  readonly annotations: {
    level: 'error' | 'warning' | 'notice';
    message: string;
    properties: Record<string, string>;
  }[];
  /** Titles of the groups that were opened. */
  readonly groups: string[];
  readonly masks: string[];
  write(chunk: string): void;
  end(): void;
}

const unescapeData = (text: string) =>
  text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
const unescapeProperty = (text: string) =>
  unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%25'));

interface Command {
  name: string;
  properties: Record<string, string>;
  message: string;
}

const NAMES = ['add-mask', 'group', 'endgroup', 'error', 'warning', 'notice', 'debug', 'stop-commands'];

/**
 * A workflow command: `::name key=value::message` at the start of a line, or the older `##[name
 * key=value]message` anywhere in it, which is how text of others becomes a command when it is not
 * neutralised.
 */
function parseCommand(line: string): Command | null {
  const modern = /^\s*::([a-z-]+)(?:\s+(.*?))?::(.*)$/s.exec(line);
  const legacy = modern ? null : /##\[([a-z-]+)(?:\s+([^\]]*))?\](.*)$/s.exec(line);
  const match = modern ?? legacy;
  const name = match?.[1];
  if (!match || !name || !NAMES.includes(name)) return null;
  const properties: Record<string, string> = {};
  for (const pair of match[2]?.split(modern ? ',' : ';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0) properties[pair.slice(0, at).trim()] = unescapeProperty(pair.slice(at + 1));
  }
  return { name, properties, message: unescapeData(match[3] ?? '') };
}

export function createRunLog(secrets: readonly string[]): RunLog {
  const masks = secrets.filter((secret) => secret !== '');
  const lines: string[] = [];
  const annotations: RunLog['annotations'] = [];
  const groups: string[] = [];
  let partial = '';
  let resumeToken: string | null = null;
  const masked = (line: string) => masks.reduce((text, mask) => text.replaceAll(mask, '***'), line);

  function read(line: string): void {
    if (resumeToken !== null) {
      if (line.trim() === `::${resumeToken}::`) resumeToken = null;
      else lines.push(masked(line));
      return;
    }
    const command = parseCommand(line);
    switch (command?.name) {
      case 'add-mask':
        for (const mask of [command.message, ...command.message.split(/\r?\n/)]) {
          if (mask.trim() !== '') masks.push(mask);
        }
        return;
      case 'group':
        groups.push(masked(command.message));
        lines.push(`▼ ${masked(command.message)}`);
        return;
      case 'endgroup':
      case 'debug':
        return;
      case 'stop-commands':
        resumeToken = command.message;
        return;
      case 'error':
      case 'warning':
      case 'notice':
        annotations.push({
          level: command.name,
          message: masked(command.message),
          properties: command.properties,
        });
        lines.push(masked(`${command.name === 'notice' ? 'Notice' : command.name}: ${command.message}`));
        return;
      default:
        lines.push(masked(line));
    }
  }

  return {
    lines,
    annotations,
    groups,
    masks,
    write(chunk) {
      const parts = (partial + chunk).split(/\r?\n/);
      partial = parts.pop() ?? '';
      for (const part of parts) read(part);
    },
    end() {
      if (partial !== '') read(partial);
      partial = '';
    },
  };
}

/** `GITHUB_OUTPUT` and the like: `name=value` lines and `name<<DELIMITER` blocks. */
export function parseFileCommand(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.trim() === '') continue;
    const block = /^([^=]+?)<<(.+)$/.exec(line);
    const at = line.indexOf('=');
    if (block?.[1] && block[2] && (at === -1 || at > line.indexOf('<<'))) {
      const end = lines.indexOf(block[2], index + 1);
      if (end === -1) throw new Error(`Invalid value. Matching delimiter not found '${block[2]}'`);
      values[block[1]] = lines.slice(index + 1, end).join('\n');
      index = end;
    } else if (at > 0) values[line.slice(0, at)] = line.slice(at + 1);
    else throw new Error(`Invalid format '${line}'`);
  }
  return values;
}
