import * as Plot from '@observablehq/plot';
import { colour } from '../../lib/palette';

export type Draw = (width: number) => SVGSVGElement;

/** Below this width labels are above what they name instead of beside it. */
export const NARROW = 520;

/**
 * Plot puts its few rules into a `<style>` inside the SVG, which `style-src 'self'` refuses: they are in charts.css
 * instead, and the element goes before the SVG reaches the page.
 */
export function svg(options: Plot.PlotOptions): SVGSVGElement {
  const drawn = Plot.plot({ figure: false, className: 'plot', ...options }) as SVGSVGElement;
  for (const style of drawn.querySelectorAll('style')) style.remove();
  drawn.removeAttribute('style');
  // The figure around it has the title and a table: the marks themselves would be read out one by one.
  drawn.setAttribute('aria-hidden', 'true');
  return drawn;
}

export const COLOUR = {
  a: colour('arm-a'),
  b: colour('arm-b'),
  ref: colour('ref'),
  line: colour('line'),
  ink: colour('ink'),
  ink2: colour('ink-2'),
  halo: colour('panel'),
} as const;

/** A name where there is room for `most` characters. */
export const cut = (name: string, most: number) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

/** Ticks for shares, as percent. */
export const percentTick = (share: number) => `${Math.round(share * 100)}%`;
