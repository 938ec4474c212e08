/**
 * Apache Kafka's command-line tools, as their scripts would start them: the scripts are not on Maven
 * Central, only the classes, and those moved between the versions.
 */

import assert from 'node:assert/strict';
import type { Finished } from '../../support/child.ts';
import type { KafkaVersion } from './java.ts';
import { runJava } from './java.ts';

const tools = 'org.apache.kafka.tools';
const configs = 'kafka.admin.ConfigCommand';

/** By the name of the script, `kafka-<name>.sh`. */
const mainClasses = {
  'broker-api-versions': {
    '2.8.1': 'kafka.admin.BrokerApiVersionsCommand',
    '3.9.1': 'kafka.admin.BrokerApiVersionsCommand',
    '4.3.1': `${tools}.BrokerApiVersionsCommand`,
  },
  configs: { '2.8.1': configs, '3.9.1': configs, '4.3.1': configs },
  'console-consumer': {
    '2.8.1': 'kafka.tools.ConsoleConsumer',
    '3.9.1': `${tools}.consumer.ConsoleConsumer`,
    '4.3.1': `${tools}.consumer.ConsoleConsumer`,
  },
  'console-producer': {
    '2.8.1': 'kafka.tools.ConsoleProducer',
    '3.9.1': 'kafka.tools.ConsoleProducer',
    '4.3.1': `${tools}.ConsoleProducer`,
  },
  'consumer-groups': {
    '2.8.1': 'kafka.admin.ConsumerGroupCommand',
    '3.9.1': `${tools}.consumer.group.ConsumerGroupCommand`,
    '4.3.1': `${tools}.consumer.group.ConsumerGroupCommand`,
  },
  'dump-log': {
    '2.8.1': 'kafka.tools.DumpLogSegments',
    '3.9.1': 'kafka.tools.DumpLogSegments',
    '4.3.1': `${tools}.DumpLogSegments`,
  },
  'get-offsets': {
    '2.8.1': 'kafka.tools.GetOffsetShell',
    '3.9.1': `${tools}.GetOffsetShell`,
    '4.3.1': `${tools}.GetOffsetShell`,
  },
  'leader-election': {
    '2.8.1': 'kafka.admin.LeaderElectionCommand',
    '3.9.1': `${tools}.LeaderElectionCommand`,
    '4.3.1': `${tools}.LeaderElectionCommand`,
  },
  'reassign-partitions': {
    '2.8.1': 'kafka.admin.ReassignPartitionsCommand',
    '3.9.1': `${tools}.reassign.ReassignPartitionsCommand`,
    '4.3.1': `${tools}.reassign.ReassignPartitionsCommand`,
  },
  topics: {
    '2.8.1': 'kafka.admin.TopicCommand',
    '3.9.1': `${tools}.TopicCommand`,
    '4.3.1': `${tools}.TopicCommand`,
  },
} as const satisfies Record<string, Record<KafkaVersion, string>>;

export type ToolName = keyof typeof mainClasses;

export class KafkaTools {
  readonly version: KafkaVersion;
  readonly #bootstrap: string;

  constructor(version: KafkaVersion, bootstrap: string) {
    this.version = version;
    this.#bootstrap = bootstrap;
  }

  /** Runs a tool against the cluster, whatever its exit code. */
  async run(tool: ToolName, args: readonly string[], input = ''): Promise<Finished> {
    const address = [this.#bootstrapOption(tool), this.#bootstrap];
    return runTool(this.version, tool, [...address, ...args], input);
  }

  /** What a tool printed; a failure of the test if it ended with anything but 0. */
  async output(tool: ToolName, args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run(tool, args, input);
    assert.equal(code, 0, `kafka-${tool} ${this.version} failed:\n${stdout}${stderr}`);
    return stdout;
  }

  #bootstrapOption(tool: ToolName): string {
    return tool === 'get-offsets' && this.version === '2.8.1'
      ? '--broker-list'
      : '--bootstrap-server';
  }
}

export async function runTool(
  version: KafkaVersion,
  tool: ToolName,
  args: readonly string[],
  input = '',
): Promise<Finished> {
  return runJava({ version, mainClass: mainClasses[tool][version], args, input });
}
