/**
 * Whether the app took what GitHub delivered. GitHub calls a 200 `OK`; how it words another success, such as our 202, is not
 * documented, so that the status code decides, too.
 * Source: https://docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook
 */
export function isDelivered({ status, statusCode }: { status: string; statusCode: number }): boolean {
  return status === 'OK' || (statusCode >= 200 && statusCode < 300);
}
