import { expect, it } from 'vitest';
import { fakeHost } from './fake-host.test-support';
import { SILENT } from './host';
import { readImport } from './import';

const bytes = (text: string) => new TextEncoder().encode(text);

it.each([
  ['no file', {}],
  ['a text', { 'a.txt': bytes('hello') }],
  ['an empty file', { 'prompt.json': bytes('') }],
  ['JSON of something else', { 'prompt.json': bytes('{"__proto__":[]}') }],
  ['a zip that is cut off', { 'a.zip': bytes('PK\u0003\u0004') }],
  ['a prompt without what answers', { 'prompt.json': bytes('{"format":"softprompt","formatVersion":1}') }],
])('says once that nothing was imported: %s', async (_, files) => {
  const reading = readImport(fakeHost().host, { files: new Map(Object.entries(files)), taken: [] }, SILENT);
  const error: unknown = await reading.catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 'bad-input' });
  expect(String(error).split('Nothing was imported.')).toHaveLength(2);
});
