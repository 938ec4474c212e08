/**
 * How long requests take, by API: plain arrays that a request adds to, read only when Prometheus
 * asks. prom-client's own histogram hashes its labels at each observation.
 */

import { Histogram } from 'prom-client';
import type { MetricObjectWithValues, MetricValueWithName } from 'prom-client';

type Label = 'api';

/** Upper bounds in seconds; long polls end within 30 s. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Series {
  readonly api: string;
  /** One more than there are bounds; not cumulative. */
  readonly counts: number[];
  sum: number;
  count: number;
}

export class RequestHistogram extends Histogram<Label> {
  readonly #name: string;
  readonly #help: string;
  /** At the place of the API's key. */
  readonly #series: (Series | undefined)[] = [];
  readonly #apiName: (apiKey: number) => string;

  constructor(options: {
    readonly name: string;
    readonly help: string;
    readonly apiName: (apiKey: number) => string;
  }) {
    const { name, help } = options;
    super({ name, help, labelNames: ['api'], buckets: bounds, registers: [] });
    this.#name = name;
    this.#help = help;
    this.#apiName = options.apiName;
  }

  add(apiKey: number, seconds: number): void {
    const series = (this.#series[apiKey] ??= this.#newSeries(apiKey));
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? Infinity)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += seconds;
    series.count += 1;
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<Label>>> {
    const values = this.#series.flatMap((series) =>
      series === undefined ? [] : seriesValues(this.#name, series),
    );
    // MetricType is declared as an ambient enum that has no value at run time: take the base's.
    return super.get().then((base) => ({ ...base, name: this.#name, help: this.#help, values }));
  }

  #newSeries(apiKey: number): Series {
    const counts = new Array<number>(bounds.length + 1).fill(0);
    return { api: this.#apiName(apiKey), counts, sum: 0, count: 0 };
  }
}

function seriesValues(name: string, series: Series): MetricValueWithName<Label>[] {
  const { api } = series;
  const value = (suffix: string, amount: number, le?: number | string) => ({
    metricName: `${name}_${suffix}`,
    labels: le === undefined ? { api } : { api, le },
    value: amount,
  });
  let cumulative = 0;
  return [
    ...bounds.map((bound, index) => {
      cumulative += series.counts[index] ?? 0;
      return value('bucket', cumulative, bound);
    }),
    value('bucket', series.count, '+Inf'),
    value('sum', series.sum),
    value('count', series.count),
  ];
}
