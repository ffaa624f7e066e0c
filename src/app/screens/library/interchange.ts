/** What exports, imports and team folders are made with. It is fetched with the screens, not with the first page. */

export { setFromVectors } from '../../../interchange/from-vectors';
export { readIncoming } from '../../../interchange/incoming';
export { renewed } from '../../../interchange/set-package';
export { LIMITS } from '../../../interchange/zip';
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
