import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  valueFromASTUntyped,
} from 'graphql';
import type { WireError } from './errors.ts';

/** https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api */
const MAX_NODES = 500_000;
const MAX_PAGE = 100;
const MAX_IDS = 100;

export interface QueryCost {
  /** Points that the query is charged. */
  points: number;
  /** Nodes that it may read at most. */
  nodes: number;
  errors: WireError[];
}

/**
 * What GitHub charges for a query by its published formula, and what it refuses before it runs it: each
 * connection counts one request for every parent that the enclosing `first`/`last` declare; the sum
 * divided by 100, rounded to nearest, at least 1. `nodes(ids:)` is taken to declare as many parents as it
 * has ids; a connection of which only `totalCount` is asked for has no page and is not counted.
 */
export function judgeCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): QueryCost {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === 'FragmentDefinition') fragments.set(definition.name.value, definition);
  }
  let requests = 0;
  let nodes = 0;
  const errors: WireError[] = [];

  const argumentsOf = (field: FieldNode) =>
    Object.fromEntries(
      (field.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]),
    );

  const visitField = (
    type: GraphQLOutputType,
    field: FieldNode,
    parents: number,
    path: readonly string[],
  ) => {
    const name = field.name.value;
    const args = argumentsOf(field);
    const refuse = (type: string, message: string) =>
      errors.push({ type, path, locations: locate(field), message });
    let children = parents;
    if (getNamedType(type).name.endsWith('Connection')) {
      const [boundary, size] = args.first != null ? ['first', args.first] : ['last', args.last];
      if (typeof size === 'number') {
        if (size < 1 || size > MAX_PAGE) {
          refuse(
            'EXCESSIVE_PAGINATION',
            `Requesting ${size} records on the \`${name}\` connection exceeds the \`${boundary}\` limit of ${MAX_PAGE} records.`,
          );
        }
        requests += parents;
        nodes += parents * size;
        children = parents * size;
        if (nodes > MAX_NODES) {
          refuse(
            'MAX_NODE_LIMIT_EXCEEDED',
            `By the time this query traverses to the ${name} connection, it is requesting up to ${nodes.toLocaleString('en-US')} possible nodes which exceeds the maximum limit of 500,000.`,
          );
        }
      } else if (asksForNodes(field.selectionSet, fragments)) {
        refuse(
          'MISSING_PAGINATION_BOUNDARIES',
          `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`,
        );
      }
    } else if (name === 'nodes' && Array.isArray(args.ids)) {
      if (args.ids.length > MAX_IDS) {
        refuse(
          'ARGUMENT_LIMIT',
          `You may not provide more than ${MAX_IDS} node ids; you provided ${args.ids.length}.`,
        );
      }
      nodes += parents * args.ids.length;
      children = parents * Math.max(1, args.ids.length);
    }
    if (field.selectionSet) visitSelections(type, field.selectionSet, children, path);
  };

  const visitSelections = (
    parentType: GraphQLOutputType,
    { selections }: SelectionSetNode,
    parents: number,
    path: readonly string[],
  ) => {
    const named = getNamedType(parentType);
    for (const selection of selections) {
      if (selection.kind === 'Field') {
        if (!isObjectType(named) && !isInterfaceType(named)) continue;
        const definition = named.getFields()[selection.name.value];
        const step = selection.alias?.value ?? selection.name.value;
        if (definition) visitField(definition.type, selection, parents, [...path, step]);
        continue;
      }
      const fragment = selection.kind === 'FragmentSpread' ? fragments.get(selection.name.value) : selection;
      if (!fragment) continue;
      const type = fragment.typeCondition ? typeFromAST(schema, fragment.typeCondition) : named;
      if (isCompositeType(type)) visitSelections(type, fragment.selectionSet, parents, path);
    }
  };

  const root = schema.getRootType(operation.operation);
  if (root) visitSelections(root, operation.selectionSet, 1, [operation.operation]);
  return { points: Math.max(1, Math.round(requests / 100)), nodes, errors };
}

const locate = (field: FieldNode) =>
  field.loc ? [{ line: field.loc.startToken.line, column: field.loc.startToken.column }] : [];

function asksForNodes(
  selectionSet: SelectionSetNode | undefined,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): boolean {
  return (selectionSet?.selections ?? []).some((selection) => {
    if (selection.kind === 'Field') return ['nodes', 'edges', 'pageInfo'].includes(selection.name.value);
    const fragment = selection.kind === 'FragmentSpread' ? fragments.get(selection.name.value) : selection;
    return asksForNodes(fragment?.selectionSet, fragments);
  });
}
