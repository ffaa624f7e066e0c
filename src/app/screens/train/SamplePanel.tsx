import { TextDifference } from '../../charts/TextDifference';
import { format, Panel, Table } from '../../ui';
import type { Sample } from './sampling';

/** What the best step so far writes, beside what is wanted: no measure to choose by, but something to read. */
export const SamplePanel = ({ sample }: { readonly sample: Sample }) => (
  <Panel
    span={12}
    title={`What step ${sample.step} writes on ${format.counted(sample.rows.length, 'validation row')}`}
    aside={`ROUGE-L ${format.percentWhole(sample.rougeL)}; the step is kept by its loss`}
  >
    <Table
      caption="Texts written by the way"
      rows={sample.rows}
      rowKey={({ rowId }) => rowId}
      columns={[
        { id: 'text', header: 'Text', primary: true, cell: ({ text }) => text },
        { id: 'wanted', header: 'Wanted', cardLabel: 'wanted', cell: ({ wanted }) => wanted },
        {
          id: 'written',
          header: 'Written',
          cardLabel: 'written',
          cell: ({ written, wanted }) => <TextDifference written={written} wanted={wanted} />,
        },
      ]}
    />
  </Panel>
);
