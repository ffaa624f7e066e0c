/** Runs the sides, for `../beside.ts`. */
import { jaxOnnx, ort, softprompt, transformers, transformersJs } from './sides.mjs';

const read = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const message = (error) =>
  String(error?.message ?? error)
    .split('\n')[0]
    .slice(0, 160);
const clock = async (run) => {
  const begin = performance.now();
  const result = await run();
  return { result, seconds: (performance.now() - begin) / 1000 };
};

const isInt = ({ data }) => typeof data[0] === 'string';

function jaxArray(numpy, { dims, data }) {
  const dtype = isInt({ data }) ? numpy.int32 : numpy.float32;
  if (data.length === 0) return numpy.zeros(dims, { dtype });
  const from = isInt({ data }) ? Int32Array.from(data, Number) : Float32Array.from(data);
  return numpy.array(from, { shape: dims, dtype });
}

async function openJax(entry) {
  const { jax, onnx } = await import(/* @vite-ignore */ entry);
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return { jax, onnx };
}

/** Those of operators, each as a model of one node, that @jax-js/onnx does not know; and what it says of whole files. */
async function jaxRuns(entry, nodes, files) {
  const { jax, onnx } = await openJax(entry);
  const says = (run) => {
    try {
      run();
      return '';
    } catch (error) {
      return message(error);
    }
  };
  const lacking = nodes.filter(({ bytes }) =>
    says(() => new onnx.ONNXModel(Uint8Array.from(bytes)).run({})).startsWith('Unsupported ONNX operation'),
  );
  const outcomes = [];
  for (const { url, inputs } of files) {
    const bytes = await read(url);
    const given = () => inputs.map((input) => [input.name, jaxArray(jax.numpy, input)]);
    outcomes.push(says(() => new onnx.ONNXModel(bytes).run(Object.fromEntries(given()))));
  }
  return { lacking: lacking.map(({ op }) => op), outcomes };
}

/** Both libraries on one file, by turns. @param task inputs as `{ name, dims, data }`; int64 as text */
async function compare(entry, { bytes, inputs, at, vectors, last, classes, soft, turns, steps }) {
  const { jax, onnx } = await openJax(entry);
  ort.env.wasm.numThreads = 2;
  const forOrt = inputs.map((input) => [
    input.name,
    isInt(input)
      ? new ort.Tensor('int64', BigInt64Array.from(input.data.map(BigInt)), input.dims)
      : new ort.Tensor('float32', Float32Array.from(input.data), input.dims),
  ]);
  const forJax = inputs.map((input) => [input.name, jaxArray(jax.numpy, input)]);
  const file = Uint8Array.from(bytes);
  const start = Float32Array.from(soft);
  const sides = [
    ['softprompt', softprompt(), Object.fromEntries(forOrt), {}],
    ['@jax-js/onnx', jaxOnnx(jax, onnx), Object.fromEntries(forJax), { classes }],
  ];
  const found = {};
  const ready = [];
  for (const [name, side, given, more] of sides) {
    const load = await clock(() => side.load(file));
    const first = await clock(() => side.forward(load.result, given));
    const derived = await clock(() => side.gradient(file, { inputs: { ...given, ...more }, at, vectors, last }));
    const step = derived.result;
    const firstStep = await clock(() => step(start));
    found[name] = {
      load: load.seconds,
      firstForward: first.seconds,
      firstGradient: derived.seconds + firstStep.seconds,
      loss: firstStep.result[0],
      gradient: [...firstStep.result[1]],
      forward: [],
      step: [],
      train: [],
    };
    ready.push({ measures: found[name], side, session: load.result, given, step });
  }
  for (let turn = 0; turn < turns; turn++)
    for (const { measures, side, session, given, step } of turn % 2 ? ready : ready.toReversed()) {
      measures.forward.push((await clock(() => side.forward(session, given))).seconds);
      measures.step.push((await clock(() => step(start))).seconds);
      const trained = await clock(() => side.train(step, start, steps));
      measures.train.push(trained.seconds);
      measures.after = (await step(trained.result))[0];
    }
  return found;
}

/** @param folder in the repository, as the hub lays it out */
async function transformersRuns(folder, name, options, ids) {
  Object.assign(transformers.env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: folder });
  const { wasm } = transformers.env.backends.onnx;
  Object.assign(wasm, { numThreads: 2, wasmPaths: '/node_modules/onnxruntime-web/dist/' });
  const side = transformersJs();
  const load = await clock(() => side.load(name, { device: 'wasm', ...options }));
  const tensor = (of) => new transformers.Tensor('int64', BigInt64Array.from(ids, of), [1, ids.length]);
  const inputs = () => ({ input_ids: tensor((id) => BigInt(id)), attention_mask: tensor(() => 1n) });
  const first = await clock(() => side.forward(load.result, inputs()));
  const again = await clock(() => side.forward(load.result, inputs()));
  await load.result.dispose();
  return { load: load.seconds, first: first.seconds, forward: again.seconds };
}

Object.assign(globalThis, { beside: { jaxRuns, compare, transformersRuns } });
