/** What keeps the built page light: nothing is in it twice, and no part of a library that it never asks for. */
import { dirname, resolve } from 'node:path';
import type { ESTree, Plugin } from 'vite';

const WORKER = /new URL\('(?<path>\.[^']*\.worker\.ts)', import\.meta\.url\)/g;

/**
 * Builds the page's workers together with the page, so that what they share (zod, the rooms below the page) is one file
 * for both. Vite alone would build each worker by itself, with copies of everything.
 */
const sharedWorkers = (): Plugin => ({
  name: 'shared-workers',
  apply: 'build',
  // before Vite sees the workers
  enforce: 'pre',
  transform(code, id) {
    if (id === '\0vite/preload-helper.js') return { code: withoutDocument(code), map: null };
    if (!/\/src\/.*\.ts$/.test(id)) return null;
    const shared = code.replace(WORKER, (_, path: string) => {
      const worker = this.emitFile({ type: 'chunk', id: resolve(dirname(id), path) });
      return `import.meta.ROLLUP_FILE_URL_${worker}`;
    });
    return shared === code ? null : { code: shared, map: null };
  },
});

/** A worker loads parts too, but has no document to preload them in. */
function withoutDocument(helper: string): string {
  const changed = helper
    .replace('deps && deps.length > 0', "$& && typeof document !== 'undefined'")
    .replace('window.dispatchEvent', 'globalThis.dispatchEvent');
  if (!changed.includes('typeof document') || changed.includes('window.'))
    throw new Error('Vite’s preload helper has changed: look at tools/lean-build.ts.');
  return changed;
}

/** Parts of libraries that nothing here calls, though their packages import them. */
const UNUSED = {
  'projections of maps': /\/d3-geo\/dist\/d3-geo\.mjs$/,
  'colour schemes, as each chart has our own colours': /\/d3-scale-chromatic\/dist\/d3-scale-chromatic\.mjs$/,
  'JSON schemas, which tests print': /\/zod\/v4\/core\/(?:to-json-schema|json-schema-processors)\.js$/,
};

/** What libraries say to a screen reader in 33 other languages; the page speaks English. */
const TRANSLATION = /\/intl\/.*\b(?!en-US)[a-z]{2}-[A-Z]{2}\.mjs$/;

/** A module with the same exports, each of which gives an empty object. */
const emptied = ({ body }: ESTree.Program): string =>
  body
    .flatMap((node) => {
      if (node.type !== 'ExportNamedDeclaration') return [];
      const { declaration, specifiers } = node;
      if (declaration === null) return specifiers.map(({ exported }) => ('name' in exported ? exported.name : ''));
      const declared = 'declarations' in declaration ? declaration.declarations : [declaration];
      return declared.map(({ id }) => (id && 'name' in id ? id.name : ''));
    })
    .map((name) => `export const ${name} = () => ({});`)
    .join('\n');

export const withoutUnused = (): Plugin => ({
  name: 'without-unused',
  apply: 'build',
  enforce: 'pre',
  transform(code, id) {
    if (TRANSLATION.test(id)) return { code: "export { default } from './en-US.mjs';", map: null };
    return Object.values(UNUSED).some((part) => part.test(id)) ? { code: emptied(this.parse(code)), map: null } : null;
  },
});

/**
 * The descriptions of schemas are for the published JSON schemas, which tests print; the built page needs none of them.
 * Only calls with one string are taken out; line breaks stay, so that source maps hold.
 */
const DESCRIPTION = /\.describe\(\s*(['"`])(?:\\.|(?!\1)[^\\])*\1,?\s*\)/g;

const withoutDescriptions = (): Plugin => ({
  name: 'without-descriptions',
  apply: 'build',
  enforce: 'pre',
  transform: (code, id) =>
    /\/src\/(?:interchange|report)\/[^/]+\.ts$/.test(id)
      ? { code: code.replace(DESCRIPTION, (call) => call.replace(/[^\n]/g, '')), map: null }
      : null,
});

const PAGE = ['index.html', 'src/main.tsx'];
const WORKERS = ['src/api/engine.worker.ts', 'src/worker/workflow.worker.ts'];
/** Bytes below which a part joins the one that is loaded with it most often. */
const SMALL = 60_000;

interface Module {
  readonly importedIds: readonly string[];
  readonly dynamicallyImportedIds: readonly string[];
}

/**
 * Parts that are loaded later are joined where they are small: dozens of files of a few hundred bytes each compress badly.
 * What a start needs stays as it is, and what a worker may load is never joined with what needs a document.
 */
export function laterParts(root: string) {
  type Info = (id: string) => Module | null;
  const reached = (info: Info, starts: readonly string[], isLater: boolean) => {
    const found = new Set(starts.map((path) => resolve(root, path)));
    for (const id of found) {
      const { importedIds, dynamicallyImportedIds } = info(id) ?? { importedIds: [], dynamicallyImportedIds: [] };
      for (const next of isLater ? [...importedIds, ...dynamicallyImportedIds] : importedIds) found.add(next);
    }
    return found;
  };
  let known: { readonly first: ReadonlySet<string>; readonly work: ReadonlySet<string> } | null = null;
  return {
    name: (id: string, context: { readonly getModuleInfo: Info }) => {
      const info: Info = (each) => context.getModuleInfo(each);
      known ??= { first: reached(info, [...PAGE, ...WORKERS], false), work: reached(info, WORKERS, true) };
      if (known.first.has(id)) return null;
      return known.work.has(id) ? 'later' : 'later-page';
    },
    debugName: 'later parts',
    minShareCount: 2,
    entriesAware: true,
    entriesAwareMergeThreshold: SMALL,
    includeDependenciesRecursively: false,
  };
}

export const leanBuild = (): Plugin[] => [sharedWorkers(), withoutUnused(), withoutDescriptions()];
