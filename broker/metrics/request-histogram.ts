/**
 * How long requests take, by API: plain arrays that a request adds to, made into text only when
 * Prometheus asks. prom-client's own histogram hashes its labels at each observation.
 */

/** Upper bounds in seconds; long polls end within 30 s. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Series {
  readonly api: string;
  /** One more than there are bounds; not cumulative. */
  readonly counts: number[];
  sum: number;
  count: number;
}

export interface RequestHistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly apiName: (apiKey: number) => string;
}

export class RequestHistogram {
  readonly #options: RequestHistogramOptions;
  /** At the place of the API's key. */
  readonly #series: (Series | undefined)[] = [];

  constructor(options: RequestHistogramOptions) {
    this.#options = options;
  }

  add(apiKey: number, seconds: number): void {
    const series = (this.#series[apiKey] ??= this.#newSeries(apiKey));
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? Infinity)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += seconds;
    series.count += 1;
  }

  /** In the text format of Prometheus, with a line break at the end. */
  render(): string {
    const { name, help } = this.#options;
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const series of this.#series) {
      if (series !== undefined) lines.push(...seriesLines(name, series));
    }
    return `${lines.join('\n')}\n`;
  }

  #newSeries(apiKey: number): Series {
    const counts = new Array<number>(bounds.length + 1).fill(0);
    return { api: this.#options.apiName(apiKey), counts, sum: 0, count: 0 };
  }
}

function seriesLines(name: string, series: Series): readonly string[] {
  const { api, counts, sum, count } = series;
  let cumulative = 0;
  const bucket = (le: string, value: number): string =>
    `${name}_bucket{api="${api}",le="${le}"} ${String(value)}`;
  return [
    ...bounds.map((bound, index) => {
      cumulative += counts[index] ?? 0;
      return bucket(String(bound), cumulative);
    }),
    bucket('+Inf', count),
    `${name}_sum{api="${api}"} ${String(sum)}`,
    `${name}_count{api="${api}"} ${String(count)}`,
  ];
}
