import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { ExportState } from './export-store';
import type { ImportState } from './import-store';
import type { TeamState } from './team-store';

export const useTeam = <T>(select: (state: TeamState) => T): T => useStore(useStores().team, select);
export const useExport = <T>(select: (state: ExportState) => T): T => useStore(useStores().exporter, select);
export const useImport = <T>(select: (state: ImportState) => T): T => useStore(useStores().importer, select);
