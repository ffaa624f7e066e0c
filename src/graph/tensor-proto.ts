import { corruptModel, missingFile, unsupportedModel } from '../lib/errors';
import { byteLengthOf, dtypeCode, encode, maybeDType, sizeOf } from './dtype';
import type { DType, Initializer } from './ir';
import { EXTERNAL, type Message, type Parts } from './onnx-pb';

/** By location as written in the model, e.g. `model.onnx_data`. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array>;

/** Raw data is a view. @throws StudioError `model-corrupt` for wrong sizes, `model-missing-file`, `model-unsupported` */
export function readTensor(proto: Message<'Tensor'>, name: string, files: ExternalFiles): Initializer {
  const dtype = maybeDType(proto.dataType);
  if (dtype === undefined || dtype === 'string')
    throw unsupportedModel(
      `Tensor ${name} has element type ${dtype ?? `number ${proto.dataType}`}, which is not supported.`,
      { data: { tensor: name } },
    );
  const dims = proto.dims.map(Number);
  if (dims.some((d) => d < 0) || !Number.isSafeInteger(sizeOf(dims)))
    throw corruptModel(`Tensor ${name} has impossible dimensions [${dims}].`);
  const expected = byteLengthOf(dtype, dims);
  const bytes =
    proto.dataLocation === EXTERNAL
      ? externalBytes(proto, name, files, expected)
      : proto.rawData.byteLength > 0
        ? proto.rawData
        : typedBytes(proto, dtype);
  if (bytes.byteLength !== expected)
    throw corruptModel(
      `Tensor ${name} ${dtype}[${dims}] needs ${expected} bytes, but the model has ${bytes.byteLength} for it.`,
    );
  return { name, dtype, dims, bytes };
}

function externalBytes(proto: Message<'Tensor'>, name: string, files: ExternalFiles, expected: number): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  if (!isInside(location))
    throw corruptModel(`Tensor ${name} points to the file "${location}", outside the folder of the model.`);
  const file = files.get(location.replace(/^\.\//, ''));
  if (!file)
    throw missingFile(`The model needs the file ${location}, which is missing. Add it next to the .onnx file.`, {
      data: { path: location },
    });
  const offset = byteCount(entries.get('offset') ?? '0');
  const length = byteCount(entries.get('length') ?? String(expected));
  if (offset === null || length === null || offset + length > file.byteLength)
    throw corruptModel(
      `Tensor ${name} should be at bytes ${entries.get('offset')} + ${entries.get('length')} of ${location}, which has only ${file.byteLength} bytes. The file may be cut off: download it again.`,
    );
  return file.subarray(offset, offset + length);
}

/** Without `..`, drive, scheme or backslash. */
const isInside = (location: string): boolean =>
  location !== '' && !/^[/]|[\\:\0]/.test(location) && !location.split('/').includes('..');

function byteCount(text: string): number | null {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** Narrow integers, halves and bools are stored one per int32. */
function typedBytes(proto: Message<'Tensor'>, dtype: DType): Uint8Array {
  if (dtype === 'float32') return encode(dtype, proto.floatData);
  if (dtype === 'float64') return encode(dtype, proto.doubleData);
  if (dtype === 'int64') return encode(dtype, proto.int64Data);
  return encode(dtype, dtype === 'uint64' || dtype === 'uint32' ? proto.uint64Data : proto.int32Data);
}

export const inlineTensor = ({ name, dtype, dims, bytes, unpack }: Initializer): Parts<'Tensor'> => ({
  name,
  dataType: dtypeCode(dtype),
  dims: dims.map(BigInt),
  rawData: unpack ? unpack(bytes) : bytes,
});

/** For a tensor that is the whole file at `path`. */
export const externalTensor = ({ name, dtype, dims }: Initializer, path: string): Parts<'Tensor'> => ({
  name,
  dataType: dtypeCode(dtype),
  dims: dims.map(BigInt),
  dataLocation: EXTERNAL,
  externalData: Object.entries({ location: path, offset: '0', length: String(byteLengthOf(dtype, dims)) }).map(
    ([key, value]) => ({ key, value }),
  ),
});
