import { createStore } from 'zustand/vanilla';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'softprompt-theme';

const read = (): Theme => {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system'; // storage is blocked: the choice lasts as long as the page
  }
};

const apply = (theme: Theme) => {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
};

interface ThemeState {
  readonly theme: Theme;
  readonly set: (theme: Theme) => void;
}

export const themeStore = createStore<ThemeState>((set) => ({
  theme: read(),
  set: (theme) => {
    apply(theme);
    set({ theme });
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // as above
    }
  },
}));

apply(themeStore.getState().theme);
