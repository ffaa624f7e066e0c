import type { DataVersion } from '../../../dataset/types';
import { useData, useStores } from '../../state/studio';
import { Button, Panel, ScrollRegion, Table, type TableColumn, Term } from '../../ui';
import { canGoBackTo, whenWords } from './words';

const NONE: readonly DataVersion[] = [];

/** Every state of the rows, newest first, with what changed and the way back. */
export function VersionsPanel() {
  const versions = useData((s) => s.prepared?.dataset.versions ?? NONE);
  const now = versions.at(-1);
  if (!now) return null;
  return (
    <Panel
      span={5}
      title={`Version ${now.number} of the data`}
      aside={
        <Term means="A checksum of all rows. Each training run and comparison records the checksum it used, so you can see when a result belongs to earlier rows.">
          <code>{now.fingerprint.slice(0, 8)}</code>
        </Term>
      }
    >
      {versions.length === 1 ? (
        <p className="dim">
          Each edit, merge or masking makes a new version, and you can go back to any of them. {now.what},{' '}
          {whenWords(now.createdAt)}.
        </p>
      ) : (
        <VersionsTable versions={versions} now={now} />
      )}
    </Panel>
  );
}

interface VersionsTableProps {
  readonly versions: readonly DataVersion[];
  readonly now: DataVersion;
}

function VersionsTable({ versions, now }: VersionsTableProps) {
  const columns: readonly TableColumn<DataVersion>[] = [
    { name: 'Version', card: true, numeric: true, cell: ({ number }) => number },
    { name: 'What changed', primary: true, cell: ({ what }) => what },
    { name: 'When', cell: ({ createdAt }) => <span className="dim">{whenWords(createdAt)}</span> },
    {
      name: 'Go back',
      isNameHidden: true,
      numeric: true,
      cell: (version) => <GoBack version={version} versions={versions} now={now} />,
    },
  ];
  return (
    <ScrollRegion className="versions" label="Versions of the data">
      <Table
        caption="Versions of the data"
        columns={columns}
        rows={versions.toReversed()}
        rowKey={({ number }) => String(number)}
      />
      <p className="dim small">
        This browser keeps the cells of earlier versions, including those that are masked now.
      </p>
    </ScrollRegion>
  );
}

function GoBack({ version, versions, now }: VersionsTableProps & { readonly version: DataVersion }) {
  const { data } = useStores();
  const preparing = useData((s) => s.preparing);
  if (version === now) return <span className="dim">now</span>;
  if (!canGoBackTo(versions, version.number) || version.fingerprint === now.fingerprint) return null;
  return (
    <Button
      variant="link"
      size="s"
      isDisabled={preparing}
      aria-label={`Go back to version ${version.number}`}
      onPress={() => void data.getState().change({ kind: 'go-back', version: version.number })}
    >
      Go back
    </Button>
  );
}
