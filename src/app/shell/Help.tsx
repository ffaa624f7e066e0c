import { Fragment } from 'react';
import { Dialog } from '../ui/Dialog';
import { Term } from '../ui/Marks';

const KEYS: readonly (readonly [string, string])[] = [
  ['?', 'This help'],
  ['Ctrl or ⌘ + K', 'Find a prompt set, a screen or an action'],
  ['Ctrl or ⌘ + Z', 'Take back the last change of rows, prompts or stages; with Shift, make it again'],
  ['Tab, Shift + Tab', 'Next control, previous control'],
  ['Arrow keys', 'Move within a list, tabs, a slider or a table; Enter edits a cell of your rows'],
  ['1 to 9, Backspace', 'Label the row that is shown, take the last label back'],
  ['Escape', 'Close'],
];

const STEPS = [
  ['Data', 'A CSV with a text and a label column. Some rows become test rows: training never sees them.'],
  ['Prompts', 'A prompt written by hand, tried and improved on validation rows, so that it gets its fair chance.'],
  ['Train', 'A few vectors are tuned so that the model gives your labels. The model itself stays as it is.'],
  ['Compare', 'Both prompts on the same test rows, with intervals, and a verdict in words.'],
] as const;

/** The words of which each result is made; a picture goes with each. */
const TERMS: readonly (readonly [string, string])[] = [
  ['virtual tokens', 'Vectors that stand where words would. Training changes these numbers, never the model.'],
  ['validation rows', 'Prompts are tried on these rows, and training chooses its step by them. Test rows stay unseen.'],
  ['calibration', 'Removes a prompt’s built-in bias toward a label. Validation rows say whether it helps.'],
  ['interval', 'Where the true figure plausibly lies: 95 of 100 such ranges contain it. More rows make it narrower.'],
  ['p', 'How often two equally good prompts would differ this much by chance. A small p speaks against chance.'],
  ['macro-F1', 'The mean of the labels’ F1 scores: rare labels count as much as frequent ones.'],
];

const Help = ({ onClose }: { readonly onClose: () => void }) => (
  <Dialog title="How this works" isOpen onClose={onClose}>
    <ol className="stack help-steps">
      {STEPS.map(([name, what]) => (
        <li key={name}>
          <b>{name}.</b> {what}
        </li>
      ))}
    </ol>
    <p>Decide weighs what to do next, Playground answers any text, and Library keeps and exports every version.</p>
    <p className="row">
      Words:
      {TERMS.map(([term, means]) => (
        <Term key={term} means={means}>
          {term}
        </Term>
      ))}
    </p>
    <h3>Keys</h3>
    <dl className="facts">
      {KEYS.map(([key, what]) => (
        <Fragment key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </Fragment>
      ))}
    </dl>
  </Dialog>
);

export default Help;
