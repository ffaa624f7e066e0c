/** The code blocks of docs/package, and README.md's JavaScript, as programs that run and as files that the compiler reads. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const PAGES = 'docs/package';

/**
 * HTML comments in the lines before a block, which readers do not see:
 *
 * - `given: model, prompt`: exports of given.ts that the block uses without making them
 * - `page: examples/…`: needs a page, so that the example runs in its place, and has its lines
 * - `theirs`: code of another library, which is compiled where it is JavaScript
 */
interface Marks {
  readonly given?: string;
  readonly page?: string;
  readonly theirs?: string;
}

export interface Block {
  /** docs/package/README.md:12 */
  readonly at: string;
  readonly language: string;
  readonly text: string;
  readonly marks: Marks;
}

const FENCE = /(?<marks>(?:^<!--[^\n]*-->\n)*)^```(?<language>\w*)\n(?<text>[\s\S]*?)^```$/gm;

function marksIn(comments: string, at: string): Marks {
  const entries = [...comments.matchAll(/<!-- *(\w+)(?:: *([^\n]*?))? *-->/g)].map(([, name, of = '']) => [name, of]);
  const unknown = entries.find(([name]) => !['given', 'page', 'theirs'].includes(name ?? ''));
  if (unknown) throw new Error(`${at}: there is no mark ${unknown[0]}`);
  return Object.fromEntries(entries) as Marks;
}

function blocksOf(path: string): readonly Block[] {
  const page = readFileSync(join(root, path), 'utf8');
  return [...page.matchAll(FENCE)].map(({ groups, index }) => {
    const { marks = '', language = '', text = '' } = groups ?? {};
    const at = `${path}:${page.slice(0, index).split('\n').length}`;
    return { at, language, text, marks: marksIn(marks, at) };
  });
}

export const blocks: readonly Block[] = [
  ...blocksOf('README.md').filter(({ language }) => language === 'js'),
  ...readdirSync(join(root, PAGES))
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => blocksOf(`${PAGES}/${name}`)),
];

/** The module in a page of HTML; null = it has none. */
const scriptIn = (html: string): string | null =>
  /<script type="module">\n(?<code>[\s\S]*?)<\/script>/.exec(html)?.groups?.code ?? null;

/** A block that a program can be made of, with what it is given before its first line. */
export function moduleOf({ language, text, marks: { given } }: Block): string | null {
  const code = language === 'html' ? scriptIn(text) : ['js', 'ts'].includes(language) ? text : null;
  return code && `${given ? `import { ${given} } from 'given'; ` : ''}${code}\nexport {};\n`;
}

/** Lines that say something, without their indentation. */
export const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/\s*\/\/ .*$/, '').trim())
    .filter((line) => /\w{3}/.test(line));
