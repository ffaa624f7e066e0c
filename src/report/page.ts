/** The frame of every HTML report: one file, no script, no request, verdict first. */
import { times } from '../evaluation/words';
import { PRODUCT } from '../lib/product';
import { Html, html } from './escape';
import { REPORT_STYLE } from './style';
import type { ReportInput } from './types';

export const reportPage = (
  title: string,
  { headline, detail }: { readonly headline: string; readonly detail: string },
  body: Html,
): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="robots" content="noindex">
<title>${title}: ${headline}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<main>
<p class="small">${title}</p>
<h1>${headline}</h1>
<p>${detail}</p>${body}
</main>
</body>
</html>
`.markup;

export const notSaid = (limits: readonly string[]): Html => html`
<h2>What these figures do not say</h2>
<ul>${limits.map((text) => html`<li>${text}</li>`)}</ul>`;

/** The texts around a row; examples are counted, not printed. */
export const promptTexts = (prompts: ReportInput['prompts'], nameOf: (armId: string) => string): Html => html`
<h2>Prompts</h2>
${prompts.map(
  ({ armId, template, shots, version }) =>
    html`<h3>${nameOf(armId)}${version ? ` (${version})` : ''}${shots > 0 ? `, ${shots} training rows shown before each row (not printed here)` : ''}</h3><pre>${template}</pre>`,
)}`;

interface Made extends Pick<ReportInput, 'model' | 'dataset' | 'createdAt' | 'environment'> {
  /** Null = nothing was trained. */
  readonly training: Html | null;
  readonly calibration?: string;
  readonly looks: number;
  /** After the number of threads. */
  readonly ranOn?: string;
  readonly seed: number;
  /** How many of the user's rows are in the file. */
  readonly rows: string;
}

/** Model, data, training and draws: what somebody needs to make it again. */
export function provenance(of: Made): Html {
  const { model, dataset, training, calibration, looks, environment, ranOn = '', seed, createdAt, rows } = of;
  return html`
<h2>How this was made</h2>
<dl>
<dt>Model</dt><dd>${model.id}, ${model.dtype} weights, computed in fp32; SHA-256 ${model.sha256}</dd>
<dt>Data</dt><dd>${dataset.name}: ${dataset.rows} rows, of which ${dataset.train} for training, ${dataset.validation} for validation, ${dataset.test} held back; fingerprint ${dataset.fingerprint}, split ${dataset.splitHash}</dd>
${training ? html`<dt>Training</dt><dd>${training}</dd>` : ''}
${calibration === undefined ? '' : html`<dt>Calibration</dt><dd>${calibration}</dd>\n`}<dt>Test rows</dt><dd>Used ${times(looks)}</dd>
${environment ? html`<dt>Ran on</dt><dd>${environment.backend}, ${environment.threads} ${environment.threads === 1 ? 'thread' : 'threads'}${ranOn}</dd>` : ''}
<dt>Resampling</dt><dd>10,000 draws, seed ${seed}</dd>
<dt>Made</dt><dd><time datetime="${createdAt}">${createdAt}</time> with ${PRODUCT}</dd>
<dt>Rows in this file</dt><dd>${rows}</dd>
</dl>`;
}
