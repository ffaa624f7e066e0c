import type { SVGProps } from 'react';

const Icon = (props: SVGProps<SVGSVGElement>) => (
  <svg
    width="16"
    height="16"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.5"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
    {...props}
  />
);

/** An icon of one line. */
const line = (d: string) => () => (
  <Icon>
    <path d={d} />
  </Icon>
);

export const ChevronDown = line('m4 6 4 4 4-4');
export const Check = line('m3.500 8.500 3 3 6-7');
export const Cross = line('m4 4 8 8m0-8-8 8');

export const Scales = line('M8 2v11M5 13h6M3 5h10M3 5 1.500 9h3L3 5Zm10 0-1.500 4h3L13 5Z');

export const StopSquare = () => (
  <Icon>
    <rect x="4" y="4" width="8" height="8" rx="1" fill="currentColor" />
  </Icon>
);

export const Sun = () => (
  <Icon>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
  </Icon>
);

export const Moon = line('M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7Z');

export const HalfMoon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor" />
  </Icon>
);

export const Warning = line('M8 2 1.500 13.500h13L8 2Zm0 4.500v3.500m0 1.800v.1');
export const Spark = line('M2 11c2-6 3.500-6 5-2.500S11 12 14 6');

export const Books = () => (
  <Icon>
    <path d="M3 2.500h3v11H3zM6 4h3v9.500H6zM9.600 4.200l2.800-.8 2.600 9.600-2.900.8z" transform="translate(-1 0)" />
  </Icon>
);

/** The product's mark. */
export const Logo = () => (
  <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
    <rect x="1" y="1" width="20" height="20" rx="6" fill="var(--accent)" />
    <path
      d="M5 14c2.500-7 4-7 6-3s3.500 4 6-3"
      fill="none"
      stroke="var(--accent-ink)"
      strokeWidth="2"
      strokeLinecap="round"
    />
  </svg>
);
