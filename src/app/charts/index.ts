export { accuracyFinding as accuracyTitle, confusionFinding as confusionTitle } from '../../evaluation/titles';
export { ChartPanel } from './ChartPanel';
export { drawAccuracy, drawConfusion, drawDifferences, sideOf } from './comparison-charts';
export { download, fileStem } from './export';
export {
  differenceTitle,
  lossTitle,
  type Metric,
  validationTitle,
} from './finding';
export { drawLengths } from './length-chart';
export { ProbabilityBars } from './ProbabilityBars';
export { drawLoss, drawValidation } from './training-charts';
