const WIDTH = 1280;
const PADDING = 10;
const LINE = 21;
/** Pixels of the picture to one of the page. */
const SCALE = 2;

export const pngOf = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('internal: the canvas made no picture')))),
  );

function wrapped(text: string, width: (line: string) => number, most: number): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trimStart();
    if (width(longer) <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Words in rows and columns as a PNG, in the page's colours; the first row and the first column are strong. */
export function drawTable(rows: readonly (readonly string[])[]): Promise<Blob> {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const { color, backgroundColor, fontFamily } = getComputedStyle(document.body);
  const column = WIDTH / (rows[0]?.length ?? 1);
  const cells = rows.map((row, r) =>
    row.map((text, c) => {
      const font = `${r === 0 || c === 0 ? 600 : 400} 15px ${fontFamily}`;
      context.font = font;
      return { font, lines: wrapped(text, (line) => context.measureText(line).width, column - 2 * PADDING) };
    }),
  );
  const heights = cells.map((row) => LINE * Math.max(...row.map(({ lines }) => lines.length)) + 2 * PADDING);
  canvas.width = WIDTH * SCALE;
  canvas.height = heights.reduce((sum, height) => sum + height, 0) * SCALE;
  context.scale(SCALE, SCALE);
  context.textBaseline = 'middle';
  context.fillStyle = backgroundColor;
  context.fillRect(0, 0, WIDTH, canvas.height);
  context.fillStyle = color;
  let top = 0;
  for (const [r, row] of cells.entries()) {
    for (const [c, { font, lines }] of row.entries()) {
      context.font = font;
      for (const [l, line] of lines.entries())
        context.fillText(line, c * column + PADDING, top + PADDING + (l + 0.5) * LINE);
    }
    top += heights[r] ?? 0;
    context.fillRect(0, top - 1, WIDTH, r === 0 ? 1 : 0.25);
  }
  return pngOf(canvas);
}
