import { registerHooks } from 'node:module';

/**
 * `@actions/workflow-parser`, GitHub's own reader of workflow files. It imports its schemas as JSON
 * without the attribute that Node asks for (a bundler would not mind), so that is added on the way.
 */
const hooks = registerHooks({
  load: (url, context, nextLoad) =>
    nextLoad(
      url,
      url.endsWith('.json') && url.includes('/@actions/workflow-parser/')
        ? { ...context, importAttributes: { type: 'json' } }
        : context,
    ),
});
export const { NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');
export const { parseAction } = await import('@actions/workflow-parser/actions/index');
export const { isBasicExpression, isBoolean, isMapping, isNumber, isSequence, isString } = await import(
  '@actions/workflow-parser/templates/tokens/type-guards'
);
export const { NullToken } = await import('@actions/workflow-parser/templates/tokens/null-token');
hooks.deregister();
