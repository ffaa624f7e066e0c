/** softprompt.js, which runs an exported prompt in a web page: the package with a prompt beside it. */

import { createWebEngine } from '../engine/web';
import { PROMPT_FILE } from '../interchange/package';
import { badInput } from '../lib/errors';
import { browserFileCache } from '../model/download';
import { inQueue } from './host';
import { openingOn } from './open';
import { loadPrompt as load } from './prompt';
import { fetchBytes, readFrom } from './source';
import type { LoadPrompt, OpenModel, PromptSource } from './types';

const notHere = async () => {
  throw badInput('This module only answers. Files are written by the package softprompt.');
};

export const openModel: OpenModel = openingOn({
  read: (source, options) => readFrom(source, options, browserFileCache()),
  start: async (request) => inQueue(await createWebEngine(request)),
  backend: (device) => device,
  asset: notHere,
  dropIn: notHere,
  files: notHere,
  bytesAt: fetchBytes,
});

/** Left out: prompt.json beside this module. */
export const loadPrompt = (
  model: Parameters<LoadPrompt>[0],
  files: PromptSource = new URL(PROMPT_FILE, import.meta.url),
  options?: Parameters<LoadPrompt>[2],
): ReturnType<LoadPrompt> => load(model, files, options);
