/**
 * What a program writes with each library for the same steps; `../beside.ts` counts the lines. The loss is the cross-entropy of
 * the last position, the soft prompt stands after the text, `step` gives [loss, gradient].
 */
import * as transformers from '@huggingface/transformers';
import * as ort from 'onnxruntime-web';
import { differentiate, normalise, parse, serialise, withCrossEntropy } from '../../../src/api/autodiff';

export const softprompt = () => ({
  load(bytes) {
    return ort.InferenceSession.create(bytes);
  },
  async forward(session, inputs) {
    return (await session.run(inputs)).logits.data;
  },
  async gradient(bytes, { inputs, at, vectors, last }) {
    const graph = withCrossEntropy(normalise(parse(bytes)), { logits: 'logits' });
    const { model, external } = serialise(differentiate(graph, { loss: 'loss', wrt: [at] }));
    const session = await ort.InferenceSession.create(model, { externalData: external });
    const [rows, tokens, hidden] = inputs[at].dims;
    const begins = Array.from({ length: rows }, (_, row) => ((row + 1) * tokens - vectors) * hidden);
    const targets = new BigInt64Array(rows * tokens).fill(-100n);
    for (const [row, id] of last.entries()) targets[(row + 1) * tokens - 1] = BigInt(id);
    return async (soft) => {
      const embedded = inputs[at].data.slice();
      for (const begin of begins) embedded.set(soft, begin);
      const given = {
        [at]: new ort.Tensor(embedded, [rows, tokens, hidden]),
        targets: new ort.Tensor(targets, [rows, tokens]),
      };
      const out = await session.run({ ...inputs, ...given }, ['loss', `grad(${at})`]);
      const each = out[`grad(${at})`].data;
      return [out.loss.data[0], soft.map((_, i) => begins.reduce((sum, begin) => sum + each[begin + i], 0))];
    };
  },
  async train(step, soft, steps) {
    let now = soft;
    for (let i = 0; i < steps; i++) {
      const [, gradient] = await step(now);
      now = now.map((x, k) => x - 0.01 * gradient[k]);
    }
    return now;
  },
});

/** Arrays are used up when they are read, unless by `.ref`. Without `jit`, which fails at sizes that the file computes. */
export const jaxOnnx = ({ nn, numpy, valueAndGrad }, { ONNXModel }) => ({
  load(bytes) {
    return new ONNXModel(bytes).run;
  },
  forward(run, inputs) {
    const given = Object.entries(inputs).map(([name, array]) => [name, array.ref]);
    return run(Object.fromEntries(given)).logits.data();
  },
  async gradient(bytes, { inputs, at, vectors, last }) {
    const model = new ONNXModel(bytes);
    const [rows, tokens, hidden] = inputs[at].shape;
    const text = inputs[at].ref.slice([], [0, tokens - vectors]);
    const gold = nn.oneHot(numpy.array(last, { dtype: numpy.int32 }), inputs.classes);
    const others = Object.entries(inputs).filter(([name]) => name !== at && name !== 'classes');
    const loss = (soft) => {
      const placed = numpy.broadcastTo(soft.reshape([1, vectors, hidden]), [rows, vectors, hidden]);
      const given = others.map(([name, array]) => [name, array.ref]);
      const { logits } = model.run({ ...Object.fromEntries(given), [at]: numpy.concatenate([text.ref, placed], 1) });
      return nn
        .logSoftmax(logits.slice([], -1))
        .mul(gold.ref)
        .sum()
        .mul(-1 / rows);
    };
    const both = valueAndGrad(loss);
    return async (soft) => {
      const [value, slopes] = both(numpy.array(soft));
      return [(await value.data())[0], await slopes.data()];
    };
  },
  async train(step, soft, steps) {
    let now = soft;
    for (let i = 0; i < steps; i++) {
      const [, gradient] = await step(now);
      now = now.map((x, k) => x - 0.01 * gradient[k]);
    }
    return now;
  },
});

export const transformersJs = () => ({
  load(name, options) {
    return transformers.AutoModelForCausalLM.from_pretrained(name, options);
  },
  async forward(model, inputs) {
    return (await model(inputs)).logits.data;
  },
});
export { ort, transformers };
