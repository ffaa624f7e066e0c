/** Processor time of the main thread's tasks, from Chromium's own trace: what else runs on the machine adds little to it. */
const CATEGORIES = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];

/**
 * @param cdp a session of the page
 * @param act what is measured; its promise ends with the last task
 * @returns milliseconds of the processor that the longest task of the page's main thread took
 */
export async function longestTaskCpu(cdp, act) {
  const events = [];
  const collect = ({ value }) => events.push(...value);
  cdp.on('Tracing.dataCollected', collect);
  const traceConfig = { includedCategories: CATEGORIES, excludedCategories: ['*'] };
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  await act();
  const complete = new Promise((resolve) => cdp.once('Tracing.tracingComplete', resolve));
  await cdp.send('Tracing.end');
  await complete;
  cdp.off('Tracing.dataCollected', collect);
  // after a reload another process may have the page
  const isPage = ({ url }) => url.startsWith('http');
  const committed = events.findLast(({ name, args }) => name === 'FrameCommittedInBrowser' && isPage(args.data));
  const started = events.find(({ name }) => name === 'TracingStartedInBrowser')?.args.data.frames.find(isPage);
  const pid = (committed?.args.data ?? started)?.processId;
  const main = events.find(
    (event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain' && event.pid === pid,
  );
  if (!main) throw new Error('The trace does not name the main thread of the page.');
  const isTask = ({ name, pid, tid }) => name.endsWith('RunTask') && pid === main.pid && tid === main.tid;
  return Math.max(0, ...events.filter(isTask).map(({ tdur = 0 }) => tdur)) / 1000;
}
