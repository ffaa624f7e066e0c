import type { Suspect } from '../../../evaluation/classify/doubts';
import { comparedLogProbs } from '../../../evaluation/classify/outcome';
import type { ArmOutcome } from '../../../evaluation/types';
import { ProbabilityBars, sideOf } from '../../charts';
import { ArmMark, Dialog, LabelTag, Note } from '../../ui';
import { planFor } from './compare-store';
import type { CloserProps } from './LookCloser';
import type { ComparedRow } from './results';
import { useCompare } from './use-compare';

interface RowDialogProps extends CloserProps {
  readonly row: ComparedRow | null;
  readonly suspect: Suspect | undefined;
  readonly onClose: () => void;
}

/** One row with what every prompt makes of it; its id stands in the address, its text never. */
export function RowDialog({ comparison, evaluation, row, suspect, onClose }: RowDialogProps) {
  const mode = useCompare((s) => s.mode);
  const plan = planFor(evaluation.plan, mode);
  const probabilities = (arm: ArmOutcome) =>
    (comparedLogProbs({ ...arm, logProbs: [arm.logProbs[row?.at ?? 0] ?? []] }, plan)[0] ?? []).map(Math.exp);
  const nameOf = (id: string) => comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  return (
    <Dialog title={`Row ${row?.id ?? ''}`} isOpen={row !== null} onClose={onClose} wide>
      {row ? (
        <div className="stack">
          <blockquote className="row-text">{row.text}</blockquote>
          <p>
            Label: <LabelTag>{row.gold}</LabelTag>
          </p>
          {suspect ? (
            <Note title="This label may be wrong">
              {`${new Intl.ListFormat('en').format(suspect.arms.map(nameOf))} are sure that it is “${plan.labels[suspect.label] ?? ''}”. They may all be wrong: a person decides, under “Check labels”.`}
            </Note>
          ) : null}
          <div className="answers">
            {plan.arms.map((arm) => (
              <section key={arm.id} aria-label={arm.name}>
                <h3>
                  <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark>
                </h3>
                <ProbabilityBars side={sideOf(arm)} labels={plan.labels} probabilities={probabilities(arm)} />
              </section>
            ))}
          </div>
        </div>
      ) : null}
    </Dialog>
  );
}
