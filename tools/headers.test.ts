import { describe, expect, it } from 'vitest';
import { CONTENT_SECURITY_POLICY, HEADERS } from './headers.mjs';

const directives = new Map(
  CONTENT_SECURITY_POLICY.split('; ').map((directive) => {
    const [name = '', ...sources] = directive.split(' ');
    return [name, sources] as const;
  }),
);

describe('the policy', () => {
  it('allows nothing that it does not name', () => expect(directives.get('default-src')).toEqual(["'none'"]));

  it('runs no text as code or style, and WebAssembly alone is compiled', () => {
    const loose = [...directives].flatMap(([name, sources]) =>
      sources.filter((source) => /^'unsafe-|^\*$|^https?:$/.test(source)).map((source) => `${name} ${source}`),
    );
    expect(loose).toEqual([]);
    expect(directives.get('script-src')).toEqual(["'self'", "'wasm-unsafe-eval'"]);
    expect(directives.get('style-src')).toEqual(["'self'"]);
  });

  it('names no other site but the hub, and that only to fetch', () => {
    const foreign = [...directives].filter(([, sources]) => sources.some((source) => source.includes('//')));
    expect(foreign.map(([name]) => name)).toEqual(['connect-src']);
  });

  it('is sent with who may frame the page, which a page cannot say itself', () => {
    expect(CONTENT_SECURITY_POLICY).not.toContain('frame-ancestors');
    expect(HEADERS['Content-Security-Policy']).toMatch(/; frame-ancestors 'none'$/);
  });
});
