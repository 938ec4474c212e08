/**
 * Kubernetes quantities: a decimal number with an optional suffix, binary (`Ki`, `Mi`, ...), decimal
 * (`k`, `M`, ...; `m` is a thousandth) or an exponent. Source: the quantity grammar of
 * k8s.io/apimachinery/pkg/api/resource. Values beyond 2^53 lose precision, which no caller notices:
 * they compare sizes and render bytes, and the latter refuse what is not a safe integer.
 */

const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimal = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

const factors = new Map<string, number>([
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ...decimal.map((suffix, power): [string, number] => [suffix, 1000 ** power]),
  ...binary.map((suffix, power): [string, number] => [suffix, 1024 ** power]),
]);

export const quantityAllowed = 'a Kubernetes quantity such as 500Mi, 20Gi or 1073741824';

/** The number that a quantity stands for; null if `value` is no quantity. */
export function parseQuantity(value: string | number): number | null {
  const text = String(value).trim();
  const match =
    /^([+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))(?:([eE][+-]?[0-9]{1,2})|([A-Za-z]{0,2}))$/.exec(
      text,
    );
  const [, digits, exponent = '', suffix = ''] = match ?? [];
  const factor = factors.get(suffix);
  if (digits === undefined || factor === undefined) return null;
  const parsed = Number(`${digits}${exponent}`) * factor;
  return Number.isFinite(parsed) ? parsed : null;
}
