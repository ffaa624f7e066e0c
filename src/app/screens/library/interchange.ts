/** What exports, imports and team folders are made with. It is fetched with the screens, not with the first page. */
export { LIMITS } from '../../../project/archive';
export { setFromVectors } from '../../../project/from-vectors';
export { readIncoming } from '../../../project/incoming';
export { renewed } from '../../../project/renewed';
export {
  forAudience,
  forBrowser,
  forEngineer,
  forManager,
  forManagerOfTexts,
  forSpreadsheet,
  forSpreadsheetOfTexts,
} from './parcel';
export { decide, lookAt, newcomers, saveSet } from './team-folder';
