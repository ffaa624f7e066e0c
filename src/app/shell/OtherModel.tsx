import { useState } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { DEFAULT_MODEL, isBuiltIn } from '../state/session-state';
import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { TextField } from '../ui/TextField';
import { namedFile } from './dropped-files';
import { openModelFolder } from './open-model-folder';

const HUB_ID = /^[\w.-]+\/[\w.-]+$/;

/** Another model in place of the built-in one: from a folder, or from the hub, which is another site. */
export function OtherModel() {
  const stores = useStores();
  const source = useSession((s) => s.source);
  const busy = useSession((s) => s.job !== null);
  const [id, setId] = useState(source.kind === 'hub' ? source.id : '');
  const { choose } = stores.models.getState();
  const openFolder = (list: FileList | null) => {
    const files = [...(list ?? [])].map((file) => namedFile(file.webkitRelativePath || file.name, file));
    const name = files[0]?.path.split('/')[0] ?? 'model';
    if (files.length > 0) openModelFolder(stores, { name, files });
  };
  return (
    <details className="model-fold other-model">
      <summary>Open another model</summary>
      <div className="stack">
        <p className="small dim">
          A small decoder-only language model as an ONNX graph, in hub layout. Prompts trained earlier only work with
          their own model.
        </p>
        <FileTrigger acceptDirectory onSelect={openFolder}>
          <Button isDisabled={busy}>Open a model folder</Button>
        </FileTrigger>
        <p className="small dim">
          You can also drop the folder onto the page. It is stored in this browser, so you only do this once.
        </p>
        <TextField
          mono
          label="Or a name on the Hugging Face hub"
          placeholder="onnx-community/SmolLM2-135M-Instruct"
          value={id}
          onChange={setId}
          hint="This downloads the model’s files from huggingface.co, another site. Your rows stay here."
        />
        <div className="row">
          <Button
            isDisabled={busy || !HUB_ID.test(id.trim())}
            onPress={() => void choose({ kind: 'hub', id: id.trim() })}
          >
            Fetch from huggingface.co
          </Button>
          {isBuiltIn(source) ? null : (
            <Button variant="link" isDisabled={busy} onPress={() => void choose(DEFAULT_MODEL)}>
              Back to the built-in model
            </Button>
          )}
        </div>
      </div>
    </details>
  );
}
