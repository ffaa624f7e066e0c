import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { BatchState } from './batch-state';
import type { ExportState } from './export-store';
import type { ImportState } from './import-store';
import type { MeasureState } from './measure-store';
import type { RepositoryState } from './repository-store';
import type { TeamState } from './team-store';

export const useTeam = <T>(select: (state: TeamState) => T): T => useStore(useStores().team, select);
export const useExport = <T>(select: (state: ExportState) => T): T => useStore(useStores().exporter, select);
export const useImport = <T>(select: (state: ImportState) => T): T => useStore(useStores().importer, select);
export const useRepository = <T>(select: (state: RepositoryState) => T): T => useStore(useStores().repository, select);
export const useBatch = <T>(select: (state: BatchState) => T): T => useStore(useStores().batch, select);
export const useMeasure = <T>(select: (state: MeasureState) => T): T => useStore(useStores().measure, select);
