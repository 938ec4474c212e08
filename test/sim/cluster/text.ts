/** Fields of a line of the trace: errors by their message, whole numbers of any size. */

export function textOf(fields: object): string {
  return JSON.stringify(fields, (_, value: unknown) => {
    if (value instanceof Error) {
      const cause = value.cause instanceof Error ? ` (${value.cause.message})` : '';
      return `${value.name}: ${value.message}${cause}`;
    }
    return typeof value === 'bigint' ? String(value) : value;
  });
}
