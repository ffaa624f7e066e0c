/**
 * Fills the page's database, as an earlier version would have left it, with prompt sets that nobody made: for the
 * library's benchmark. Runs inside of a page of the same origin on which the studio is not loaded.
 */

/** @param {{ sets: number, runs: number, datasets: number, rows: number }} size */
export async function fillLibrary(size) {
  const open = indexedDB.open('softprompt', 1);
  open.onupgradeneeded = () => {
    const db = open.result;
    db.createObjectStore('promptSets', { keyPath: 'id' });
    db.createObjectStore('datasets', { keyPath: 'setId' });
    db.createObjectStore('checkpoints', { keyPath: 'runId' }).createIndex('bySet', 'setId');
    for (const table of ['evaluations', 'measurements'])
      db.createObjectStore(table, { keyPath: 'id' }).createIndex('bySet', 'setId');
    db.createObjectStore('settings', { keyPath: 'key' });
    db.createObjectStore('quarantine', { keyPath: 'id' });
  };
  const db = await new Promise((resolve, reject) => {
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error);
  });
  const TOPICS = ['invoices', 'deliveries', 'returns', 'passwords', 'refunds', 'outages', 'bookings', 'warranties'];
  const iso = (i) => new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toISOString();
  const words = ['positive', 'neutral', 'negative'].map((label) => ({ label, word: ` ${label}` }));
  const settings = {
    placement: 'suffix',
    virtualTokens: 10,
    initialisation: { kind: 'text', text: '' },
    steps: 200,
    batchSize: 8,
    learningRate: 0.3,
    warmupSteps: 10,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    clipNorm: 1,
    seed: 0,
    validateEvery: 10,
    patience: 6,
    metric: 'accuracy',
    checkpointEvery: 25,
  };
  const run = (i) => ({
    id: `run-${i}`,
    number: 1 + Math.floor(i / size.datasets),
    name: `Run ${1 + Math.floor(i / size.datasets)}`,
    createdAt: iso(i),
    settings,
    words,
    template: 'Message: {text}\nTone:',
    initText: 'Decide the tone of the message as the handbook does.',
    status: 'finished',
    error: null,
    bestStep: 150,
    validationAccuracy: 0.8,
    seconds: 120,
    model: { id: 'HuggingFaceTB/SmolLM2-135M-Instruct', sha256: 'f'.repeat(64), dtype: 'q4' },
    datasetFingerprint: `rows-${i % size.datasets}`,
  });
  /** The sets with rows share the runs. */
  const runsOf = (i) =>
    i < size.datasets ? Array.from({ length: size.runs / size.datasets }, (_, k) => run(k * size.datasets + i)) : [];
  const prompt = (template, soft) => ({
    task: { kind: 'classify', labels: words.map(({ label }) => label) },
    voices: [{ kind: 'text', weight: 1, template, shots: 0, shotSeed: 0, words, soft }],
    calibration: null,
    threshold: null,
  });
  const version = { number: 1, calibrated: false, model: null, learned: null, tried: null };
  const trained = ({ id, number, name, createdAt, model, template, datasetFingerprint }) => ({
    ...version,
    id,
    number,
    name,
    createdAt,
    model,
    learned: { datasetFingerprint },
    origin: { kind: 'run', run: id },
    prompt: prompt(template, {
      placement: 'suffix',
      vectors: Float32Array.from({ length: 5760 }, Math.random),
      virtualTokens: 10,
      hidden: 576,
    }),
  });
  const set = (i) => ({
    id: `set-${i}`,
    name: `${TOPICS[i % TOPICS.length]} ${i}`,
    handle: `${TOPICS[i % TOPICS.length].toUpperCase()}_${i}`,
    createdAt: iso(i),
    updatedAt: iso(i),
    deletedAt: null,
    words,
    baseTemplate: 'Message: {text}\nTone:',
    versions: [
      {
        ...version,
        id: `hand-${i}`,
        name: 'Proposed',
        createdAt: iso(i),
        origin: { kind: 'written' },
        prompt: prompt(
          `You read messages about ${TOPICS[i % TOPICS.length]} for desk ${i}. Repeated contact counts as negative, also where the end is friendly. Answer with one word.\nMessage: {text}\nTone:`,
          null,
        ),
      },
      ...runsOf(i).map(trained),
    ],
    runs: runsOf(i),
    chosenWritten: `hand-${i}`,
    chosenTrained: null,
    datasetFingerprint: i < size.datasets ? `rows-${i}` : null,
    datasetName: i < size.datasets ? `${TOPICS[i % TOPICS.length]}.csv` : null,
    testLooks: 1,
  });
  const text = (i) =>
    `I wrote about ${TOPICS[i % TOPICS.length]} ${i} times now, and nobody could tell me when the matter is settled; the last colleague was friendly.`;
  const dataset = (i) => {
    const rows = Array.from({ length: size.rows }, (_, k) => ({
      id: String(k + 1),
      line: k + 2,
      cells: { message: text(k), tone: words[k % 3].label, channel: k % 2 ? 'mail' : 'phone' },
    }));
    const ids = rows.map(({ id }) => id);
    const cut = Math.floor(size.rows * 0.65);
    return {
      table: {
        format: { fileName: 'x.csv', bytes: 1, encoding: 'utf-8', delimiter: ',', kind: 'csv' },
        columns: ['message', 'tone', 'channel'],
        rows,
        rejected: [],
      },
      mapping: { text: 'message', label: 'tone', id: null, task: 'classify' },
      labels: words.map(({ label }) => label),
      split: { train: ids.slice(0, cut), validation: ids.slice(cut, cut + 100), test: ids.slice(cut + 100) },
      seed: 0,
      fingerprint: `rows-${i}`,
      splitHash: 'x',
    };
  };
  const evaluation = (i) => {
    const test = size.rows - Math.floor(size.rows * 0.65) - 100;
    const rowIds = Array.from({ length: test }, (_, k) => String(k));
    const arm = (id) => ({
      id,
      name: id,
      kind: id === 'tuned' ? 'tuned' : 'zero-shot',
      placement: null,
      logProbs: rowIds.map(() => [-0.1, -2, -3]),
      calibration: null,
      tokensSentMean: 40,
      tokensComputedMean: 40,
      latencyMsMedian: 20,
      validation: null,
    });
    const gold = rowIds.map((_, k) => k % 3);
    const report = (id, right) => ({
      ...arm(id),
      logProbs: undefined,
      n: test,
      correct: right,
      metrics: {
        accuracy: { value: right / test, interval: { low: 0.7, high: 0.9 } },
        macroF1: { value: 0.8, interval: { low: 0.7, high: 0.9 } },
      },
      classes: [],
      confusion: [],
      predictions: gold.map((g, k) => (k < right ? g : (g + 1) % 3)),
      confidences: gold.map(() => 0.9),
    });
    return {
      id: `evaluation-${i}`,
      setId: `set-${i}`,
      createdAt: iso(i),
      plan: {
        labels: words.map(({ label }) => label),
        rowIds,
        gold,
        arms: [arm('yours'), arm('tuned')],
        pairs: [['yours', 'tuned']],
        calibrated: false,
        looks: 1,
        seed: 0,
      },
      comparison: {
        arms: [report('yours', Math.floor(test * 0.7)), report('tuned', Math.floor(test * 0.82))],
        pairs: [],
        verdict: {
          kind: 'tuned-better',
          headline: 'Tuned beats your prompt by 12 points',
          detail: '',
          rowsNeeded: null,
        },
        calibrated: false,
        looks: 1,
        n: test,
      },
      writtenVersion: `hand-${i}`,
      versions: {},
      trainedVersion: `run-${i}`,
      datasetFingerprint: `rows-${i}`,
      backend: 'wasm',
      threads: 2,
    };
  };
  const put = (table, values) =>
    new Promise((resolve, reject) => {
      const work = db.transaction(table, 'readwrite');
      for (const value of values) work.objectStore(table).put(value);
      work.oncomplete = () => resolve(undefined);
      work.onerror = () => reject(work.error);
    });
  await put(
    'promptSets',
    Array.from({ length: size.sets }, (_, i) => set(i)),
  );
  for (let i = 0; i < size.datasets; i++) {
    await put('datasets', [{ setId: `set-${i}`, dataset: dataset(i) }]);
    await put('evaluations', [evaluation(i)]);
  }
  db.close();
}
