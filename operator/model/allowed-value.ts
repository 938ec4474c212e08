/** What a configuration key takes, as the end of "... is not allowed; allowed: ". */

import type { ConfigKey, ConfigType } from '../../broker/config/config-key.ts';
import { valueProblem } from '../../broker/config/values.ts';
import type { Problem } from '../api/problem.ts';

const byType: Readonly<Partial<Record<ConfigType, string>>> = {
  BOOLEAN: 'true or false',
  SHORT: 'a whole number of type SHORT',
  INT: 'a whole number of type INT',
  LONG: 'a whole number of type LONG',
  DOUBLE: 'a number',
  LIST: 'values with commas between them',
};

/** Null if the value can be used. */
export function configValueProblem(key: ConfigKey, value: string): Problem | null {
  if (valueProblem(key, value) === null) return null;
  const { description } = key.allowed;
  const allowed = [byType[key.type], description].filter((part) => (part ?? '') !== '').join(', ');
  return { field: `spec.config.${key.name}`, value, allowed };
}
