export * as format from '../../lib/format';
export { Button } from './Button';
export { Choices, Select, Slider, Tabs, YesNo } from './Choices';
export { Dialog } from './Dialog';
export { NumberField, TextArea, TextField } from './Field';
export { type FieldOf, Fields } from './Fields';
export { ArmMark, type ArmSide, Interval, LabelTag, Term } from './Marks';
export {
  EmptyState,
  Failed,
  type Found,
  FoundList,
  Note,
  Panel,
  ProgressBar,
  ScrollRegion,
  Stoppable,
} from './Panel';
export { type Column as TableColumn, type Fact, Facts, PagedTable, Table, usePages } from './Table';
export { TextForm } from './TextForm';
export { attempted, toastError, toasts, toastUndo } from './toast';
