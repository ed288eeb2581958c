/** Version of the Action, as the app and GitHub are told it; a test holds it to package.json's. */
export const ACTION_VERSION = '0.1.0';

export const USER_AGENT = `hybrid-capture-action/${ACTION_VERSION}`;
