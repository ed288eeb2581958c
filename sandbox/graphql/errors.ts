import { GraphQLError } from 'graphql';

/** An error as GitHub's GraphQL API writes it: `type` (and `code`) beside the message, not in `extensions`. */
export interface WireError {
  type?: string;
  code?: string;
  message: string;
  path?: readonly (string | number)[];
  locations?: readonly { line: number; column: number }[];
  extensions?: Record<string, unknown>;
}

export const fieldError = (type: string, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { type } });

export const notFound = (what: string): GraphQLError =>
  fieldError('NOT_FOUND', `Could not resolve to ${what}.`);

export const forbidden = (): GraphQLError =>
  fieldError('FORBIDDEN', 'Resource not accessible by integration');

/** The world does not hold this: the caller must hear of it, a silent null would look like an answer. */
export const notModelled = (what: string): GraphQLError =>
  fieldError('SANDBOX_NOT_MODELLED', `sandbox: ${what} is not modelled`);

export function toWire(error: GraphQLError): WireError {
  const { type, ...extensions } = error.extensions;
  return {
    ...(typeof type === 'string' ? { type } : {}),
    ...(error.path ? { path: error.path } : {}),
    ...(error.locations ? { locations: error.locations } : {}),
    ...(Object.keys(extensions).length > 0 ? { extensions } : {}),
    message: error.message,
  };
}
