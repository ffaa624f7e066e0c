/** Hands the services and stores down. A screen asks for a store's state by selector and calls its actions. */
import { createContext, type ReactNode, useContext, useDeferredValue } from 'react';
import { useStore } from 'zustand';
import { present } from '../../lib/assert';
import type { DataState } from './data/data-state';
import type { PromptSetsState } from './prompt-sets-store';
import type { RequestsState } from './requests';
import type { Services } from './services';
import type { SessionState } from './session-state';
import type { Stores } from './stores';

export interface Studio {
  readonly services: Services;
  readonly stores: Stores;
}

const StudioContext = createContext<Studio | null>(null);

export const StudioProvider = ({ studio, children }: { readonly studio: Studio; readonly children: ReactNode }) => (
  <StudioContext value={studio}>{children}</StudioContext>
);

export const useStudio = (): Studio => present(useContext(StudioContext), 'StudioProvider');
export const useStores = (): Stores => useStudio().stores;

export const useSession = <T,>(select: (state: SessionState) => T): T => useStore(useStores().session, select);
export const usePromptSets = <T,>(select: (state: PromptSetsState) => T): T => useStore(useStores().promptSets, select);
export const useRequests = <T,>(select: (state: RequestsState) => T): T => useStore(useStores().requests, select);
/** Deferred: what depends on many rows is drawn in slices, all panels at once, and delays no key or click meanwhile. */
export const useData = <T,>(select: (state: DataState) => T): T => useDeferredValue(useStore(useStores().data, select));
