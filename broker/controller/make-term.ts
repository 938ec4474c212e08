/** Puts together what the parts of a controller share for one term. */

import type { AnsweredStates } from './announcer.ts';
import { Announcer } from './announcer.ts';
import { BrokerChannels } from './broker-channels.ts';
import { ControllerContext } from './context.ts';
import type { ControllerOptions } from './controller-options.ts';
import { Leadership } from './leadership/leadership.ts';
import { TopicSettings } from './leadership/topic-settings.ts';
import { UncleanStarts } from './leadership/unclean-starts.ts';
import { PartitionMachine } from './partition-machine.ts';
import type { TermEvents } from './term-events.ts';
import type { Term } from './term.ts';
import { TopicDeletion } from './topic-deletion.ts';

export function makeTerm(
  options: ControllerOptions,
  { events, onAnswer }: { events: TermEvents; onAnswer: (answered: AnsweredStates) => void },
): Term {
  const { session, brokerId, epoch, logger, channels, topicConfigs, recoveryState } = options;
  const context = new ControllerContext();
  const sender = { controllerId: brokerId, controllerEpoch: epoch };
  const toBrokers = new BrokerChannels({
    ...channels,
    onDeposed: () => events.fail(new Error('a broker knows a newer controller')),
  });
  const { timers, listenerName } = channels;
  const announcer = new Announcer({
    context,
    sender,
    channels: toBrokers,
    listenerName,
    timers,
    logger,
    onAnswer,
  });
  const settings = new TopicSettings(topicConfigs, logger);
  const partitions = new PartitionMachine({
    session,
    context,
    controllerEpoch: epoch,
    minInSync: (topic) => settings.minInSync(topic),
    logger,
  });
  return {
    session,
    context,
    events,
    channels: toBrokers,
    announcer,
    partitions,
    settings,
    leadership: new Leadership({ context, partitions, settings, recoveryState, logger }),
    uncleanStarts: new UncleanStarts(session, context),
    deletion: new TopicDeletion({
      session,
      context,
      sender,
      channels: toBrokers,
      partitions,
      sendMetadata: (topics) =>
        announcer.sendMetadata(topics.flatMap((topic) => context.partitions(topic))),
      enqueue: (event) => void events.run(event),
      timers,
      logger,
    }),
    logger,
  };
}
