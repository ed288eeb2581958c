import { data, Evaluator, Lexer, Parser, wellKnownFunctions } from '@actions/expressions';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { isBasicExpression, isBoolean, isMapping, isNumber, isString, NullToken } from './workflow-parser.ts';

/** What expressions can read: `github`, `inputs`, `vars`, `secrets`. */
export type Contexts = Readonly<
  Record<'github' | 'inputs' | 'vars' | 'secrets', Readonly<Record<string, unknown>>>
>;

/** A workflow or action file that the runner can't carry out as written. Nothing in it is skipped. */
export class WorkflowError extends Error {
  override name = 'WorkflowError';
}

/** The text of a scalar, with its `${{ }}` expressions evaluated as GitHub does. */
export function evaluateText(token: TemplateToken, contexts: Contexts): string {
  if (isString(token)) return token.value;
  if (isNumber(token) || isBoolean(token)) return String(token.value);
  if (token instanceof NullToken) return '';
  if (!isBasicExpression(token))
    throw new WorkflowError(`line ${token.line}: a ${token.typeName()} where text belongs`);
  const parser = new Parser(new Lexer(token.expression).lex().tokens, Object.keys(contexts), [
    ...Object.values(wellKnownFunctions),
  ]);
  const dictionary = JSON.parse(JSON.stringify(contexts), (key, value) => reviveData(key, value));
  try {
    return new Evaluator(parser.parse(), dictionary).evaluate().coerceString();
  } catch (error) {
    throw new WorkflowError(`line ${token.line}: \${{ ${token.expression} }}: ${(error as Error).message}`);
  }
}

const reviveData = (key: string, value: unknown): data.ExpressionData => data.reviver(key, value);

/** The entries of a mapping whose keys are plain text. */
export function entriesOf(token: TemplateToken | undefined, what: string): [string, TemplateToken][] {
  if (!token || token instanceof NullToken) return [];
  if (!isMapping(token)) throw new WorkflowError(`line ${token.line}: ${what} is not a mapping`);
  return [...token].map(({ key, value }) => [String(key), value]);
}
