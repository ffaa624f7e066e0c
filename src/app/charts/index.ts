export {
  accuracyFinding as accuracyTitle,
  confusionFinding as confusionTitle,
  coverageFinding as coverageTitle,
  differenceFinding as differenceTitle,
  reliabilityFinding as reliabilityTitle,
  slicesFinding as slicesTitle,
} from '../../evaluation/classify/titles';
export { ChartPanel } from './ChartPanel';
export { drawAccuracy, drawConfusion, drawDifferences, drawIntervals, sideOf } from './comparison-charts';
export { drawCoverage, drawReliability } from './confidence-charts';
export { download, fileStem } from './export';
export { lossTitle, normsTitle, validationTitle } from './finding';
export { drawLengths } from './length-chart';
export { drawLineage } from './lineage-chart';
export type { Metric } from './measure';
export { ProbabilityBars } from './ProbabilityBars';
export { drawPerformance } from './performance-chart';
export { drawCurve, drawOverlay, drawSmallMultiple } from './run-charts';
export { drawLoss, drawNorms, drawTrace, drawValidation } from './training-charts';
