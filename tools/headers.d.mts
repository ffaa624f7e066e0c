export const CONTENT_SECURITY_POLICY: string;
export const HEADERS: Record<string, string>;
