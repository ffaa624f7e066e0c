export function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean;
export function refused(root: string): readonly string[];
