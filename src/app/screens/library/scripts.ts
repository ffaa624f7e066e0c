import predictMjs from '../../../../tools/export/predict.mjs?raw';
import predictPy from '../../../../tools/export/predict.py?raw';
import serveMd from '../../../../tools/export/serve_vllm.md?raw';
import servePy from '../../../../tools/export/serve_vllm.py?raw';
import trainPy from '../../../../tools/export/train_peft.py?raw';
import type { Script } from '../../../interchange/readme';

/** The programs that travel with a prompt, as they lie in tools/export/. */
export const SCRIPTS: Readonly<Record<Script, string>> = {
  'predict.py': predictPy,
  'train_peft.py': trainPy,
  'serve_vllm.py': servePy,
  'serve_vllm.md': serveMd,
  'predict.mjs': predictMjs,
};
