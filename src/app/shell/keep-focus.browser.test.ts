import { afterEach, expect, test } from 'vitest';
import { keepFocus } from './Shell';

const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
const page = document.createElement('main');
const stop = keepFocus(document);
afterEach(() => page.remove());

function shown(markup: string): (id: string) => HTMLElement {
  page.innerHTML = markup;
  document.body.append(page);
  return (id) => page.querySelector(`#${id}`) as HTMLElement;
}

test('moves the focus from a control that disappears to the element around it', async () => {
  const at = shown('<section id="panel"><ul><li id="row"><button id="gone">x</button></li></ul></section>');
  at('gone').focus();
  at('gone').remove();
  await frames();
  expect(document.activeElement).toBe(at('row'));
  at('row').remove();
  await frames();
  expect(document.activeElement).toBe(at('panel'));
});

test('returns the focus to a control that was disabled for a while', async () => {
  const at = shown('<section id="panel"><button id="run">Run</button></section>');
  const run = at('run') as HTMLButtonElement;
  run.focus();
  run.disabled = true;
  await frames();
  expect(document.activeElement).toBe(at('panel'));
  run.disabled = false;
  await frames();
  expect(document.activeElement).toBe(run);
});

test('leaves the focus where the user puts it, also on nothing', async () => {
  const at = shown('<section id="panel"><button id="gone">x</button><button id="other">y</button></section>');
  at('gone').focus();
  at('gone').remove();
  at('other').focus();
  await frames();
  expect(document.activeElement).toBe(at('other'));
  at('other').blur();
  at('panel').append('text');
  await frames();
  expect(document.activeElement).toBe(document.body);
  stop();
});
