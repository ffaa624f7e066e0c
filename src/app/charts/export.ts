/** A chart as a file. Colours are CSS variables in the page, so they are resolved before they leave it. */

const ATTRIBUTES = ['fill', 'stroke', 'font-weight', 'font-size'] as const;

/** A copy that looks the same without the page's stylesheet: colours computed, the font named, the background filled. */
function standalone(chart: SVGSVGElement, title: string): SVGSVGElement {
  const copy = chart.cloneNode(true) as SVGSVGElement;
  const from = [chart, ...chart.querySelectorAll('*')];
  const to = [copy, ...copy.querySelectorAll('*')];
  for (const [i, element] of from.entries()) {
    const style = getComputedStyle(element);
    for (const name of ATTRIBUTES) {
      const value = style.getPropertyValue(name);
      if (value) to[i]?.setAttribute(name, value);
    }
  }
  const root = getComputedStyle(chart);
  const background = document.createElementNS(copy.namespaceURI, 'rect');
  background.setAttribute('width', '100%');
  background.setAttribute('height', '100%');
  background.setAttribute(
    'fill',
    root.getPropertyValue('--panel-colour') || getComputedStyle(document.body).backgroundColor,
  );
  copy.prepend(background);
  const name = document.createElementNS(copy.namespaceURI, 'title');
  name.textContent = title;
  copy.prepend(name);
  copy.setAttribute('font-family', 'Inter, system-ui, sans-serif');
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.removeAttribute('aria-hidden');
  copy.removeAttribute('class');
  copy.setAttribute('role', 'img');
  return copy;
}

export const toSvg = (chart: SVGSVGElement, title: string): Blob =>
  new Blob([new XMLSerializer().serializeToString(standalone(chart, title))], { type: 'image/svg+xml' });

/** At twice the size on the screen, for slides. */
export async function toPng(chart: SVGSVGElement, title: string): Promise<Blob> {
  const url = URL.createObjectURL(toSvg(chart, title));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = chart.width.baseVal.value * 2;
    canvas.height = chart.height.baseVal.value * 2;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error('internal: no picture came of the chart'))),
        'image/png',
      ),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** `Tuned 81.7%, yours 67.5%` -> `tuned-81-7-yours-67-5`. */
export const fileStem = (title: string): string =>
  title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'chart';
