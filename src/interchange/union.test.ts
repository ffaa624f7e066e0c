import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWritten, finishRun, startRun } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import { RUN, SOFT } from '../prompt-set/test-support';
import { type CompleteSet, madeOfRows, setFiles, withoutRows } from './set-files';
import { anySet } from './test-support';
import { agreedOn, united } from './union';

const ids = ({ set, evaluations, measurements }: CompleteSet) =>
  [...set.versions, ...set.runs, ...evaluations, ...measurements].map(({ id }) => id).sort();
/** Another copy of the same set. */
const asCopy = (of: CompleteSet, { set }: CompleteSet): CompleteSet => ({ ...of, set: { ...of.set, id: set.id } });
const two = fc.tuple(anySet, anySet).map(([here, there]) => [here, asCopy(there, here)] as const);

describe('the union of two copies of a prompt set', () => {
  it('has every version, comparison and measurement of both, whichever copy is asked', () => {
    fc.assert(
      fc.property(two, ([here, there]) => {
        const { complete } = united(here, there, {});
        expect(ids(complete)).toEqual([...new Set([...ids(here), ...ids(there)])].sort());
        expect(complete.set.testLooks).toBeGreaterThanOrEqual(
          here.set.datasetFingerprint === there.set.datasetFingerprint
            ? Math.max(here.set.testLooks, there.set.testLooks)
            : 0,
        );
      }),
      { numRuns: 15 },
    );
  });

  it('changes nothing more when it is made again', () => {
    fc.assert(
      fc.property(two, ([here, there]) => {
        const { complete } = united(here, there, {});
        const agreed = agreedOn({}, complete, complete);
        for (const other of [here, there])
          expect(ids(united(complete, other, agreedOn({}, complete, other)).complete)).toEqual(ids(complete));
        const same = united(complete, complete, agreed);
        expect(same.said).toEqual([]);
        expect([...setFiles(same.complete)]).toEqual([...setFiles(complete)]);
      }),
      { numRuns: 15 },
    );
  });

  it('changes nothing in two equal copies, also where a version was written during a run', () => {
    const words = ['a', 'b'].map((label) => ({ label, word: ` ${label}` }));
    const from = { name: 'x', words, baseTemplate: '{text}', datasetFingerprint: 'f', datasetName: 'd', taken: [] };
    const { set: started } = startRun(createPromptSet({ id: 's', now: '1' }, from), { id: 'r', now: '2' }, RUN);
    const text = { template: 'Say {text}', shots: 0, shotSeed: 0 };
    const { set } = addWritten(started, { id: 'h', now: '3' }, { text });
    const end = { status: 'finished', soft: SOFT, bestStep: 1, validationAccuracy: 0.5, seconds: 1 } as const;
    const own = {
      dataset: null,
      checkpoints: [],
      evaluations: [],
      measurements: [],
      set: finishRun(set, 'r', end, '4'),
    };
    expect([...setFiles(united(own, own, {}).complete)]).toEqual([...setFiles(own)]);
  });

  it('keeps the rows here when the folder has none, and removes a measurement that either side removed', () => {
    fc.assert(
      fc.property(
        anySet.filter(({ set, measurements }) => measurements.length > 0 && madeOfRows(set) === null),
        (here) => {
          const there = withoutRows(here);
          const agreed = agreedOn({}, here, there);
          const { complete } = united(here, there, agreed);
          expect(complete.dataset).toEqual(here.dataset);
          expect(complete.set.versions.map(({ tried }) => tried)).toEqual(
            united(here, here, agreed).complete.set.versions.map(({ tried }) => tried),
          );
          const [gone, ...measurements] = here.measurements;
          for (const [ours, theirs] of [
            [{ ...here, measurements }, there],
            [here, { ...there, measurements }],
          ] as const)
            expect(ids(united(ours, theirs, agreed).complete)).not.toContain(gone?.id);
        },
      ),
      { numRuns: 20 },
    );
  });
});
