import { useStore } from 'zustand';
import { useStores } from '../../state/studio';
import type { ChecksState } from './checks-store';
import type { CloserState } from './closer-store';
import type { ReportState } from './report-store';
import type { ReviewState } from './review-store';

export const useCloser = <T>(select: (state: CloserState) => T): T => useStore(useStores().closer, select);
export const useReview = <T>(select: (state: ReviewState) => T): T => useStore(useStores().review, select);
export const useChecks = <T>(select: (state: ChecksState) => T): T => useStore(useStores().checks, select);
export const useReport = <T>(select: (state: ReportState) => T): T => useStore(useStores().report, select);
