/** The text with a replacement character for every lone half of a surrogate pair, which no UTF-8 can hold. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
