/** Which URLs may be sent a secret, and which ones name a proxy. */
import { usageError } from '../model/stop.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname);
}

/**
 * A URL that a secret may be sent to: https, or http on this machine.
 * @param name the variable that it comes from, for the message
 * @throws FatalError (exit 2) for any other
 */
export function parseSafeUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Before the other check, whose message shows the text.
  if (url && (url.username !== '' || url.password !== '')) {
    throw usageError(
      `${name} contains a user name or a password`,
      'Remove them: credentials are read from ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET.',
    );
  }
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) {
    throw usageError(
      `${name} is neither an https URL nor on this machine${url ? `: ${url.host}` : ''}`,
      'Secrets are sent there: use https://…',
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw usageError(`${name} must not have a query or a fragment`, 'Remove everything from “?” or “#” on.');
  }
  return url;
}

const PROXY_PROTOCOLS = ['http:', 'https:'];

/**
 * A proxy's URL. As for curl, `proxy.example.com:8080` means http.
 * @throws FatalError (exit 2) if it is none; the message does not show it, since it may contain a password
 */
export function parseProxyUrl(text: string, name: string): URL {
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || !PROXY_PROTOCOLS.includes(url.protocol) || url.hostname === '') {
    throw usageError(`${name} is not the URL of an HTTP proxy`, 'Use http://HOST:PORT, or unset it.');
  }
  return url;
}
