import { describe, expect, it } from 'vitest';
import { CONTENT_SECURITY_POLICY, HEADERS } from './headers.mjs';

const directives = new Map(
  CONTENT_SECURITY_POLICY.split('; ').map((directive) => {
    const [name = '', ...sources] = directive.split(' ');
    return [name, sources] as const;
  }),
);

describe('the content security policy', () => {
  it('allows nothing that it does not name', () => expect(directives.get('default-src')).toEqual(["'none'"]));

  it('runs no text as code or style, and compiles WebAssembly only', () => {
    const loose = [...directives].flatMap(([name, sources]) =>
      sources.filter((source) => /^'unsafe-|^\*$|^https?:$/.test(source)).map((source) => `${name} ${source}`),
    );
    expect(loose).toEqual([]);
    expect(directives.get('script-src')).toEqual(["'self'", "'wasm-unsafe-eval'"]);
    expect(directives.get('style-src')).toEqual(["'self'"]);
  });

  it('allows no other site than the hub, and that only for fetching', () => {
    const foreign = [...directives].filter(([, sources]) => sources.some((source) => source.includes('//')));
    expect(foreign.map(([name]) => name)).toEqual(['connect-src']);
  });

  it('is sent with frame-ancestors, which a page cannot set itself', () => {
    expect(CONTENT_SECURITY_POLICY).not.toContain('frame-ancestors');
    expect(HEADERS['Content-Security-Policy']).toMatch(/; frame-ancestors 'none'$/);
  });
});
