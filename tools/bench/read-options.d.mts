type Default = string | number | boolean | null;
type Given<D> = D extends number ? number : D extends boolean ? boolean : D extends string ? string : string | null;

export function readOptions<D extends Readonly<Record<string, Default>>>(
  defaults: D,
): { readonly values: { readonly [N in keyof D]: Given<D[N]> }; readonly positionals: readonly string[] };
