/** Where a secret may be sent, and what a proxy's address looks like. */
import { describe, expect, test } from 'vitest';
import { parseProxyUrl, parseSafeUrl } from '../../src/zoom/safe-url.js';

const usage = (text: string) =>
  expect.objectContaining({
    stop: expect.objectContaining({ exit: 2, message: expect.stringContaining(text) }),
  });

describe('a token is sent', () => {
  test.each([
    'https://api.zoom.us/v2',
    'http://localhost:1/v2',
    'http://127.0.0.1:1',
    'http://127.8.9.1',
    'http://[::1]:1',
  ])('to %s', (text) => {
    expect(parseSafeUrl(text, 'ZOOM_BASE_URL').href).toContain(new URL(text).host);
  });

  test.each([
    'http://api.zoom.us/v2',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'ftp://localhost',
    'https://user:secret@api.zoom.us',
    'https://api.zoom.us/v2?x=1',
    'api.zoom.us',
    '',
  ])('never to %j', (text) => {
    expect(() => parseSafeUrl(text, 'ZOOM_BASE_URL')).toThrow(usage('ZOOM_BASE_URL'));
  });

  test('nowhere with a password, which is not shown', () => {
    expect(() => parseSafeUrl('http://user:s3cret@api.zoom.us', 'ZOOM_BASE_URL')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('s3cret') }),
    );
  });
});

describe('a proxy', () => {
  test.each([
    ['http://proxy.example:8080', 'http://proxy.example:8080/'],
    ['proxy.example:8080', 'http://proxy.example:8080/'],
    ['https://user:pass@proxy.example', 'https://user:pass@proxy.example/'],
  ])('%s', (text, href) => {
    expect(parseProxyUrl(text, 'HTTPS_PROXY').href).toBe(href);
  });

  test.each(['socks5://proxy.example', 'http://', '://', 'a b'])('is not %j', (text) => {
    expect(() => parseProxyUrl(text, 'HTTPS_PROXY')).toThrow(usage('HTTPS_PROXY'));
  });
});
