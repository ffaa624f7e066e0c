export const loadInterchange = () => import('./interchange');
