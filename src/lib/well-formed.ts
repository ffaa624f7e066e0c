/** The text with lone surrogates replaced, since UTF-8 cannot encode them. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
