export {
  confusionFinding as confusionTitle,
  coverageFinding as coverageTitle,
  reliabilityFinding as reliabilityTitle,
  slicesFinding as slicesTitle,
} from '../../evaluation/classify/titles';
export { labelAnswer, ProbabilityBars, TextDifference, WhichWords } from './Answers';
export { ChartPanel, fileStem, Tools, type Twin, twinOf } from './ChartPanel';
export { drawAccuracy, drawConfusion, drawIntervals, sideOf } from './comparison-charts';
export { drawCosts, drawRollOut } from './decide-charts';
export { drawCoverage, drawLengths, drawReliability } from './row-charts';
export {
  drawCurve,
  drawOverlay,
  lossTitle,
  MEASURES,
  type Metric,
  normsTitle,
  validationTitle,
} from './run-charts';
export { drawTable } from './table-picture';
export { drawNorms, drawSteps, drawValidation } from './training-charts';
