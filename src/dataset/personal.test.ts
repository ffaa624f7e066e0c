import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPersonal, isIban, maskPersonal } from './personal';

describe('personal data', () => {
  it.each([
    ['Write to zoe.hart+shop@möbel-haus.example.co.uk, please', 'Write to [email], please'],
    ['<a@b.de>', '<[email]>'],
    ['a@b.de.', '[email].'],
    ['Call +49 30 901820 now', 'Call [phone] now'],
    ['0171/1234567', '[phone]'],
    ['030 901820', '[phone]'],
    ['Tel. (555) 123-4567!', 'Tel. [phone]!'],
    ['555-123-4567', '[phone]'],
    ['0044 20 7946 0958', '[phone]'],
    ['Refund to DE89 3704 0044 0532 0130 00 today', 'Refund to [iban] today'],
    ['de89370400440532013000', '[iban]'],
    ['GB82WEST12345698765432', '[iban]'],
    ['a@b.de and c@d.org, 030 901820', '[email] and [email], [phone]'],
  ])('%s', (text, masked) => {
    expect(maskPersonal(text)).toBe(masked);
    expect(maskPersonal(masked)).toBe(masked);
  });

  it.each([
    'Order 4711123456 is late',
    'on 2026-11-25 at 12:30',
    'on 25.11.2026',
    '25/11/2026 10:15',
    'costs 1.250.000,00 EUR',
    '@support please answer',
    'meet me @ 5',
    'DE89 3704 0044 0532 0130 01', // check digits do not fit
    'version 10.0.19045.3693',
    'T-1001234567',
    '3.14159265358979',
    '2001:0db8:85a3:0000',
    'ÄÖÜ 12 34',
  ])('leaves %s alone', (text) => {
    expect(maskPersonal(text)).toBe(text);
  });

  it('knows an IBAN by its check digits', () => {
    expect(isIban('DE89 3704 0044 0532 0130 00')).toBe(true);
    expect(isIban('DE88 3704 0044 0532 0130 00')).toBe(false);
    expect(isIban('DE89')).toBe(false);
  });

  it('never loses or changes the text between the spans', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('a@b.de', ' ', '+49 30 901820', 'ok', '\n', '😀', '12.5', 'DE89370400440532013000', '@'),
        ),
        (parts) => {
          const text = parts.join(' ');
          const spans = findPersonal(text);
          let at = 0;
          for (const { start, end } of spans) {
            expect(start).toBeGreaterThanOrEqual(at);
            expect(end).toBeGreaterThan(start);
            at = end;
          }
          expect(at).toBeLessThanOrEqual(text.length);
          expect(findPersonal(maskPersonal(text))).toEqual([]);
        },
      ),
    );
  });

  it('comes through texts that are made to take long', () => {
    for (const text of ['1 '.repeat(50_000), 'a.'.repeat(50_000), `${'a'.repeat(20_000)}@`, 'a@b.'.repeat(20_000)])
      expect(maskPersonal(text).length).toBeGreaterThan(0);
  });
});
