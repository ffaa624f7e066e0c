import { lazy, Suspense } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog';
import { Popover } from 'react-aria-components/Popover';
import { usePicked, useStores } from '../state/studio';
import { ProgressBar } from '../ui/Panel';
import { downloadShare, modelWords } from './ModelStatus';
import '../ui/menu.css';

const ModelPanel = lazy(() => import('./ModelPanel'));

export function ModelChip() {
  const { model, card } = usePicked(useStores().session, 'model', 'card');
  const { short, mark } = modelWords(model, card);
  return (
    <DialogTrigger>
      <AriaButton
        className={`chip${mark === 'bad' ? ' chip-bad' : ''}`}
        aria-label={`Model: ${short}`}
        data-testid="model"
      >
        <span className={`dot${mark === 'good' ? '' : ` dot-${mark}`}`} aria-hidden="true" />
        <span className="chip-wide">{short}</span>
        <span className="chip-narrow">{model.kind === 'downloading' ? downloadShare(model) : 'Model'}</span>
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Dialog className="chip-menu" aria-label="Models">
          <Suspense fallback={<ProgressBar label="Opening" />}>
            <ModelPanel />
          </Suspense>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
