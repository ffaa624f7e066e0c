// An anywidget: the rows of a data frame go in, the files of a prompt come back. See notebook.ipynb.
// Traits: package, source, rows, options and ask go in; status, answers and files come back.

async function trained(model, show, signal) {
  // a notebook's page has no import map, so the package is named by its address
  const { openModel, train } = await import(model.get('package'));
  const opened = await openModel(model.get('source'), {
    signal,
    onProgress: ({ received, total }) => show(`${((100 * received) / total).toFixed(0)}% of the model`),
  });
  try {
    const training = train(opened, model.get('rows'), { ...model.get('options'), signal });
    for await (const event of training)
      if (event.kind === 'step') show(`Step ${event.step} of ${event.steps}, loss ${event.loss.toFixed(2)}`);
    const prompt = await training.prompt;
    const texts = model.get('ask');
    const answers = texts.length > 0 ? await prompt.classify(texts) : [];
    model.set(
      'answers',
      answers.map(({ label, probabilities }) => ({ label, probabilities })),
    );
    model.set('files', await prompt.toFiles('package'));
    show(opened.note ? `Done. ${opened.note}` : 'Done.');
  } finally {
    await opened.dispose();
  }
}

export default {
  render({ model, el }) {
    const button = document.createElement('button');
    const status = document.createElement('p');
    button.textContent = 'Train';
    el.append(button, status);
    const show = (text) => {
      status.textContent = text;
      model.set('status', text);
      model.save_changes();
    };
    const closed = new AbortController();
    button.addEventListener('click', async () => {
      button.disabled = true;
      await trained(model, show, closed.signal).catch((error) => show(error.message));
      button.disabled = false;
    });
    model.on('change:rows', () => show(`${model.get('rows').length} rows`));
    show(`${model.get('rows').length} rows`);
    return () => closed.abort();
  },
};
