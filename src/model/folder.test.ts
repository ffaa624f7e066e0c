import { describe, expect, it } from 'vitest';
import { chooseFiles, type Variant } from './card';

const chosen = (...paths: string[]) => {
  const choice = chooseFiles(paths);
  return 'missing' in choice ? choice.missing : [...choice.files.values()].sort();
};
const SMALL = ['m/config.json', 'm/tokenizer.json', 'm/tokenizer_config.json', 'm/README.md'];
const READ = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

describe('the files of a model folder', () => {
  it.each([
    ['one file', ['m/onnx/model.onnx'], ['onnx/model.onnx']],
    [
      'the preferred variant, with its own shards',
      [
        'm/onnx/model.onnx',
        'm/onnx/model.onnx_data',
        'm/onnx/model_q4.onnx',
        'm/onnx/model_q4.onnx_data',
        'm/onnx/model_q4.onnx_data_1',
      ],
      ['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data', 'onnx/model_q4.onnx_data_1'],
    ],
    [
      'weights as torch names them',
      ['m/onnx/model.onnx', 'm/onnx/model.onnx.data'],
      ['onnx/model.onnx', 'onnx/model.onnx.data'],
    ],
    [
      'weights tensor by tensor beside the only graph',
      ['m/onnx/model.onnx', 'm/onnx/onnx__MatMul_12', 'm/onnx/model.layers.0.weight'],
      ['onnx/model.layers.0.weight', 'onnx/model.onnx', 'onnx/onnx__MatMul_12'],
    ],
    [
      'a flat folder without the weights of other programs',
      [
        'm/model.onnx',
        'm/model.onnx_data',
        'm/pytorch_model.bin',
        'm/model.safetensors',
        'm/tokenizer.model',
        'm/.gitattributes',
      ],
      ['onnx/model.onnx', 'onnx/model.onnx_data'],
    ],
    ['an 8-bit one, where there is no other', ['m/onnx/model_quantized.onnx'], ['onnx/model_quantized.onnx']],
    [
      'the merged graph of older exports',
      ['m/onnx/decoder_model.onnx', 'm/onnx/decoder_model_merged.onnx'],
      ['onnx/decoder_model_merged.onnx'],
    ],
  ])('%s', (_, paths, expected) => expect(chosen(...SMALL, ...paths)).toEqual([...READ, ...expected].sort()));

  it('takes the settings nearest to the top', () => {
    const choice = chooseFiles(['m/onnx/model.onnx', 'm/onnx/config.json', 'm/config.json', 'm/tokenizer.json']);
    expect('files' in choice && [...choice.files.keys()]).not.toContain('m/onnx/config.json');
  });

  const MANY = [
    'config.json',
    'tokenizer.json',
    'cpu/model.onnx',
    'cpu/tokenizer.json',
    'onnx/model_q4.onnx',
    'onnx/model_quantized.onnx',
  ];
  const found = (variant: Variant) => {
    const choice = chooseFiles(MANY, variant);
    return 'missing' in choice ? choice.missing : [...choice.files.keys()];
  };

  it('takes the weights that are asked for, and their subfolder', () => {
    expect(found({})).toContain('onnx/model_q4.onnx');
    expect(found({ dtype: 'q8' })).toContain('onnx/model_quantized.onnx');
    expect(found({ subfolder: 'cpu' })).toEqual(['cpu/model.onnx', 'cpu/tokenizer.json', 'config.json']);
    expect(found({ dtype: 'fp16' })).toEqual(['model_fp16.onnx']);
    expect(found({ dtype: 'q4', subfolder: 'cpu' })).toEqual(['model_q4.onnx in cpu/']);
  });

  it('names what is missing', () => {
    expect(chosen('m/config.json')).toEqual(['an .onnx file', 'tokenizer.json']);
    expect(chosen('m/onnx/model.onnx')).toEqual(['tokenizer.json']);
  });
});
