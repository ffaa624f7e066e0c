import { Button } from 'react-aria-components/Button';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { Popover } from 'react-aria-components/Popover';
import { Select as AriaSelect, SelectValue } from 'react-aria-components/Select';
import { FieldFrame, type FieldProps } from './Field';
import { ChevronDown } from './icons';
import './field.css';
import './menu.css';

export interface SelectOption {
  readonly id: string;
  readonly label: string;
  /** A dim word beside it, e.g. how many values a column has. */
  readonly detail?: string;
}

interface SelectProps extends FieldProps {
  readonly options: readonly SelectOption[];
  readonly value: string | null;
  readonly onChange: (id: string) => void;
  readonly placeholder?: string;
  readonly isDisabled?: boolean;
}

export const Select = ({ label, hint, error, options, value, onChange, placeholder, isDisabled }: SelectProps) => (
  <AriaSelect
    className="field"
    value={value}
    onChange={(key) => key !== null && onChange(String(key))}
    placeholder={placeholder ?? 'Choose'}
    isInvalid={Boolean(error)}
    isDisabled={isDisabled ?? false}
  >
    <FieldFrame label={label} hint={hint} error={error ?? null}>
      <Button className="input select-button">
        <SelectValue>
          {({ selectedText, isPlaceholder, defaultChildren }) => (isPlaceholder ? defaultChildren : selectedText)}
        </SelectValue>
        <ChevronDown />
      </Button>
    </FieldFrame>
    <Popover className="popover menu-popover">
      <ListBox className="menu" items={options}>
        {(option) => (
          <ListBoxItem id={option.id} textValue={option.label} className="menu-item">
            <span>{option.label}</span>
            {option.detail ? <span className="dim small">{option.detail}</span> : null}
          </ListBoxItem>
        )}
      </ListBox>
    </Popover>
  </AriaSelect>
);
