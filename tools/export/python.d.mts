export function findPython(): string | null;
