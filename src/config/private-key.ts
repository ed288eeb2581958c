import { createPrivateKey, type KeyObject } from 'node:crypto';

/**
 * Reads the App's private key as people put it into an environment: PEM, PEM with `\n` for line breaks, base64 of
 * the PEM file, or with quotes around it.
 * Returns the key as PKCS#8 PEM, which every library takes (GitHub hands out PKCS#1), or what the text looks like
 * and how to fix it, without any of the text itself.
 */
export function parsePrivateKey(text: string): { key: string } | { problem: string } {
  const unquoted = text.trim().replace(/^(["'])([\s\S]*)\1$/, '$2');
  const pem = toPem(unquoted);
  if (pem === null) return { problem: describeText(unquoted) };

  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return { problem: describePem(pem) };
  }
  if (key.asymmetricKeyType !== 'rsa') {
    return {
      problem: `holds a key of type ${key.asymmetricKeyType}, but GitHub signs with RSA. ${GENERATE}`,
    };
  }
  return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

const GENERATE = "Generate a private key on the App's settings page and use the downloaded .pem file.";

function toPem(text: string): string | null {
  if (text.includes('-----BEGIN')) return text.replaceAll('\\r', '').replaceAll('\\n', '\n');
  if (!/^[A-Za-z0-9+/=\s]+$/.test(text)) return null;
  const decoded = Buffer.from(text, 'base64').toString('latin1');
  return decoded.includes('-----BEGIN') ? decoded : null;
}

function describeText(text: string): string {
  if (/\.pem$|^[.~]?\//.test(text)) {
    return 'looks like the path of a file, not like a key. Put the path into PRIVATE_KEY_PATH.';
  }
  if (/^(sha256:|[A-Za-z0-9+/]{43}=?$)/i.test(text)) {
    return `looks like the fingerprint of a key, not like the key. ${GENERATE}`;
  }
  return `does not look like a key: it has ${text.length} characters and no "-----BEGIN" line, also after decoding base64. ${GENERATE}`;
}

function describePem(pem: string): string {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1] ?? 'unknown';
  if (label.includes('PUBLIC KEY') || label.includes('CERTIFICATE')) {
    return `holds a ${label.toLowerCase()}, not a private key. ${GENERATE}`;
  }
  if (label.includes('OPENSSH')) return `holds an OpenSSH key, which GitHub Apps do not use. ${GENERATE}`;
  if (label.includes('ENCRYPTED') || pem.includes('ENCRYPTED')) {
    return 'holds a key that is protected by a passphrase. Use the key as GitHub handed it out.';
  }
  if (!pem.includes('-----END')) {
    return 'begins like a PEM key but has no "-----END" line: it was cut off, often at the first line break. Give it in one line with \\n for line breaks, or as base64 of the file.';
  }
  if (!/-----\r?\n/.test(pem)) {
    return 'looks like a PEM key that lost its line breaks. Give it in one line with \\n for line breaks, or as base64 of the file.';
  }
  return `looks like a PEM key (${label}) but is damaged. ${GENERATE}`;
}
