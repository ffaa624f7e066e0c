export { accuracyFinding as accuracyTitle, confusionFinding as confusionTitle } from '../../evaluation/titles';
export { ChartPanel, type Twin } from './ChartPanel';
export { drawAccuracy, drawConfusion, drawDifferences, sideOf } from './comparison-charts';
export { download, fileStem, toCsv } from './export';
export {
  differenceTitle,
  lossTitle,
  type Metric,
  type ReferenceLine,
  validationTitle,
} from './finding';
export { ProbabilityBars } from './ProbabilityBars';
export { drawLoss, drawValidation } from './training-charts';
