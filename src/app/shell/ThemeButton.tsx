import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { useStore } from 'zustand';
import { type Theme, themeStore } from '../state/theme';
import { IconButton } from '../ui/Button';
import { HalfMoon, Moon, Sun } from '../ui/icons';
import '../ui/menu.css';

const THEMES: readonly { readonly id: Theme; readonly label: string }[] = [
  { id: 'system', label: 'Same as the system' },
  { id: 'light', label: 'Light' },
  { id: 'dark', label: 'Dark' },
];
const ICONS: Readonly<Record<Theme, React.ReactNode>> = { system: <HalfMoon />, light: <Sun />, dark: <Moon /> };

export function ThemeButton() {
  const { theme, set } = useStore(themeStore);
  return (
    <MenuTrigger>
      <IconButton label="Theme">{ICONS[theme]}</IconButton>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label="Theme"
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[theme]}
          onSelectionChange={(keys) => keys !== 'all' && set([...keys][0] as Theme)}
        >
          {THEMES.map(({ id, label }) => (
            <MenuItem key={id} id={id} className="menu-item" textValue={label}>
              {label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
