// Gradients of an ONNX model: of the cross-entropy of a small language model by the embeddings of its tokens.
// npm install onnxruntime-web; node gradients.mjs MODEL.onnx, such as test/fixtures/models/llama-torch-dynamo-fp32/onnx/model.onnx
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';
import { differentiate, normalise, parse, serialise, withCrossEntropy } from 'softprompt/autodiff';

const [path, at = 'embedding'] = process.argv.slice(2);
const graph = normalise(parse(await readFile(path)), { inputs: [at], outputs: ['logits'] }); // `at` becomes an input
const withLoss = withCrossEntropy(graph, { logits: 'logits' }); // and `targets` another
const { model, external } = serialise(differentiate(withLoss, { loss: 'loss', wrt: [at] }));
const session = await ort.InferenceSession.create(model, { externalData: external });

const [tokens, hidden] = [5, 64];
const int64 = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, tokens]);
const given = {
  attention_mask: int64([1, 1, 1, 1, 1]),
  position_ids: int64([0, 1, 2, 3, 4]),
  targets: int64([7, 8, 9, 10, 11]),
};
const run = (values) => session.run({ ...given, [at]: new ort.Tensor(values, [1, tokens, hidden]) });

const point = Float32Array.from({ length: tokens * hidden }, (_, i) => Math.sin(i));
const out = await run(point);
const gradient = out[`grad(${at})`].data;
console.log(
  `loss ${out.loss.data[0].toFixed(4)}, gradient [${out[`grad(${at})`].dims}]: ${gradient.slice(0, 4).join(', ')}, …`,
);

// The same by differences: how much the loss changes along the gradient's own direction.
const norm = Math.hypot(...gradient);
const lossAt = async (h) => (await run(point.map((x, i) => x + (h * gradient[i]) / norm))).loss.data[0];
const slope = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
console.log(`slope along the gradient ${norm.toFixed(4)}, by differences ${slope.toFixed(4)}`);
if (Math.abs(slope / norm - 1) > 1e-2) throw new Error('the gradient does not equal the differences');
