/**
 * Keeps the keyboard focus where the user works. A control that disappears or is disabled while it has the focus would send
 * it to the beginning of the page; instead the element around the control gets it, until the control can be used again.
 */

/** What may hold the focus for a control, the nearest first. */
const PLACES = 'td, li, form, fieldset, section, article, [role="dialog"], [role="tabpanel"]';

const isUsable = (element: Element) => element.isConnected && !element.matches(':disabled, [aria-disabled="true"]');

function ancestorsOf(element: Element): readonly HTMLElement[] {
  const found: HTMLElement[] = [];
  for (let at = element.parentElement; at; at = at.parentElement) if (at.matches(PLACES)) found.push(at);
  return found;
}

function hold(place: HTMLElement): void {
  if (!place.hasAttribute('tabindex')) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/** @returns stops it */
export function keepFocus(page: Document): () => void {
  let last: { readonly control: Element; readonly places: readonly HTMLElement[] } | null = null;
  let holding: { readonly place: HTMLElement; readonly control: Element } | null = null;

  const noticed = ({ target }: FocusEvent) => {
    if (!(target instanceof HTMLElement) || target === holding?.place) return;
    holding = null;
    last = { control: target, places: ancestorsOf(target) };
  };
  const look = () => {
    const { activeElement } = page;
    if (holding && activeElement === holding.place && isUsable(holding.control)) {
      (holding.control as HTMLElement).focus({ preventScroll: true });
      return;
    }
    if (!last || (activeElement !== page.body && activeElement !== null) || isUsable(last.control)) return;
    const place = last.places.find((each) => each.isConnected && !each.closest('[inert], [hidden]'));
    if (!place) return;
    holding = { place, control: last.control };
    hold(place);
  };
  // after the frame: code that closes something may set the focus itself
  let frame = 0;
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(look);
  });
  page.addEventListener('focusin', noticed);
  observer.observe(page.body, { childList: true, subtree: true, attributeFilter: ['disabled', 'aria-disabled'] });
  return () => {
    cancelAnimationFrame(frame);
    page.removeEventListener('focusin', noticed);
    observer.disconnect();
  };
}
