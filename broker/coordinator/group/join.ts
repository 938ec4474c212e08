/**
 * JoinGroup on one group. A first join of a dynamic member gets an id to come back with (KIP-394),
 * so that a client that gives up leaves no member behind. A static member (KIP-345) that comes back
 * without its id replaces its former self; in a Stable group whose protocol stays the same nobody
 * else notices.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { GroupEnvironment, Reply } from './environment.ts';
import type { JoinResult, MemberTerms } from './member.ts';
import { Member, joinFailure } from './member.ts';
import { checkMember } from './member-check.ts';
import type { Rebalance } from './rebalance.ts';
import { everybody, joinResult } from './rebalance.ts';
import { groupWriteError } from './write-errors.ts';

export interface JoinRequest {
  /** Empty for a member without an id. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  readonly terms: MemberTerms;
  /** The client comes back with the id that it is given (JoinGroup 4). */
  readonly knowsMemberIdRequired: boolean;
  /** The client understands skipAssignment (JoinGroup 9, KIP-814). */
  readonly knowsSkipAssignment: boolean;
}

export class Join {
  readonly #environment: GroupEnvironment;
  readonly #rebalance: Rebalance;

  constructor(environment: GroupEnvironment, rebalance: Rebalance) {
    this.#environment = environment;
    this.#rebalance = rebalance;
  }

  run(group: ClassicGroup, request: JoinRequest, reply: Reply<JoinResult>): void {
    const errorCode = this.#check(group, request);
    if (errorCode !== ErrorCodes.NONE) reply(joinFailure(request.memberId, errorCode));
    else if (request.memberId === '') this.#joinFirst(group, request, reply);
    else this.#joinAgain(group, request, reply);
    this.#rebalance.completeIfAllJoined(group);
  }

  #check(group: ClassicGroup, request: JoinRequest): ErrorCode {
    if (group.state === 'Dead') return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
    if (!this.#hasRoom(group, request.memberId)) {
      this.#expel(group, request.memberId);
      return ErrorCodes.GROUP_MAX_SIZE_REACHED;
    }
    const { protocolType, terms } = request;
    const isSupported =
      group.state === 'Empty'
        ? protocolType !== '' && terms.protocols.length > 0
        : group.protocolType === protocolType && group.membership.supports(terms.protocols);
    return isSupported ? ErrorCodes.NONE : ErrorCodes.INCONSISTENT_GROUP_PROTOCOL;
  }

  /** While members join, who has joined first has a place; afterwards, who is a member. */
  #hasRoom(group: ClassicGroup, memberId: string): boolean {
    const { groupSizeMax } = this.#environment.settings;
    const { membership } = group;
    const member = membership.get(memberId);
    if (group.state === 'Empty') return true;
    if (group.state === 'PreparingRebalance') {
      if (member !== undefined && member.joinReply !== null) return true;
      return membership.awaitingJoinCount < groupSizeMax;
    }
    return member !== undefined || membership.size < groupSizeMax;
  }

  #expel(group: ClassicGroup, memberId: string): void {
    const member = group.membership.get(memberId);
    group.membership.removePending(memberId);
    if (member !== undefined) group.membership.remove(member);
  }

  #joinFirst(group: ClassicGroup, request: JoinRequest, reply: Reply<JoinResult>): void {
    const { groupInstanceId } = request;
    const newId = `${groupInstanceId ?? request.clientId}-${this.#environment.uuid()}`;
    if (groupInstanceId !== null) {
      const formerId = group.membership.idOfInstance(groupInstanceId);
      const former = formerId === undefined ? undefined : group.membership.get(formerId);
      if (former === undefined) this.#admit(group, newId, { request, reply });
      else this.#replace(group, former, { newId, request, reply });
    } else if (request.knowsMemberIdRequired) {
      this.#rebalance.expectPending(group, newId, request.terms.sessionTimeoutMs);
      reply(joinFailure(newId, ErrorCodes.MEMBER_ID_REQUIRED));
    } else {
      this.#admit(group, newId, { request, reply });
    }
  }

  #joinAgain(group: ClassicGroup, request: JoinRequest, reply: Reply<JoinResult>): void {
    const { memberId, terms } = request;
    if (group.membership.isPending(memberId)) {
      // Only dynamic members are ever pending: with an instance id it is somebody else's id.
      if (request.groupInstanceId === null) this.#admit(group, memberId, { request, reply });
      else reply(joinFailure(memberId, ErrorCodes.UNKNOWN_MEMBER_ID));
      return;
    }
    const errorCode = checkMember(group, request);
    const member = group.membership.get(memberId);
    if (errorCode !== ErrorCodes.NONE || member === undefined) {
      reply(joinFailure(memberId, errorCode));
      return;
    }
    if (!changesGeneration(group, member, terms)) {
      const result = joinResult(group, member);
      // In a Stable group the leader always rebalances: this is a follower, or a lost answer.
      reply(result);
      return;
    }
    this.#rebalance.readmit(group, member, { terms, reply });
  }

  #admit(
    group: ClassicGroup,
    memberId: string,
    { request, reply }: { request: JoinRequest; reply: Reply<JoinResult> },
  ): void {
    const { groupInstanceId: instanceId, clientId, clientHost, terms } = request;
    const member = new Member(memberId, { instanceId, clientId, clientHost }, terms);
    if (group.membership.size === 0) group.protocolType = request.protocolType;
    this.#rebalance.admit(group, member, reply);
  }

  #replace(group: ClassicGroup, member: Member, { newId, request, reply }: Replacement): void {
    const { membership } = group;
    const former: FormerSelf = {
      id: member.id,
      terms: member.terms,
      leaderId: membership.leaderId ?? '',
    };
    membership.replaceId(member, newId);
    membership.setTerms(member, request.terms);
    membership.awaitJoin(member, reply);
    this.#rebalance.watchSession(group, member);
    if (group.state === 'CompletingRebalance') {
      // The leader may already have assigned to the old id.
      this.#rebalance.prepare(group);
    } else if (group.state === 'Stable') {
      const isSameProtocol = membership.electProtocol() === group.protocolName;
      if (isSameProtocol) this.#storeReplaced(group, member, { request, former });
      else this.#rebalance.prepare(group);
    }
  }

  #storeReplaced(
    group: ClassicGroup,
    member: Member,
    { request, former }: { request: JoinRequest; former: FormerSelf },
  ): void {
    const newId = member.id;
    const { generationId } = group;
    const value = group.toStored(({ assignment }) => assignment);
    // A rebalance may begin meanwhile and answer, or another instance take over and fence this one.
    const isStill = (): boolean =>
      group.state === 'Stable' &&
      group.generationId === generationId &&
      group.membership.get(newId) === member;
    this.#environment.write([{ kind: 'metadata', groupId: group.id, value }], {
      ended: (errorCode) => {
        if (errorCode !== ErrorCodes.NONE && isStill()) {
          this.#undoReplace(group, member, { former, errorCode });
        }
      },
      answered: (errorCode) => {
        if (!isStill()) return;
        const isStored = errorCode === ErrorCodes.NONE;
        const result = isStored
          ? replacedResult(group, member, { request, former })
          : joinFailure('', groupWriteError(errorCode));
        group.membership.answerJoin(member, result);
        this.#rebalance.watchSession(group, member);
      },
    });
  }

  /** The new id is in no log: the member goes on under its former one. */
  #undoReplace(
    group: ClassicGroup,
    member: Member,
    { former, errorCode }: { former: FormerSelf; errorCode: ErrorCode },
  ): void {
    const { membership } = group;
    membership.answerJoin(member, joinFailure('', groupWriteError(errorCode)));
    membership.setTerms(member, former.terms);
    membership.replaceId(member, former.id);
    this.#rebalance.watchSession(group, member);
  }
}

interface Replacement {
  readonly newId: string;
  readonly request: JoinRequest;
  readonly reply: Reply<JoinResult>;
}

interface FormerSelf {
  readonly id: string;
  readonly terms: MemberTerms;
  readonly leaderId: string;
}

/** Whether a member's repeated join has to start, or to take part in, a rebalance. */
function changesGeneration(group: ClassicGroup, member: Member, terms: MemberTerms): boolean {
  switch (group.state) {
    case 'PreparingRebalance':
      return true;
    case 'CompletingRebalance':
      return !member.hasProtocols(terms.protocols);
    case 'Stable':
      return group.membership.isLeader(member.id) || !member.hasProtocols(terms.protocols);
    case 'Empty':
    case 'Dead':
      return false;
  }
}

/**
 * A replaced leader must not assign again in a Stable group. From version 9 on it is told to skip
 * (KIP-814); before, it is told its former id as the leader's, which makes it a follower.
 */
function replacedResult(
  group: ClassicGroup,
  member: Member,
  { request, former }: { request: JoinRequest; former: FormerSelf },
): JoinResult {
  const isLeader = group.membership.isLeader(member.id);
  if (!request.knowsSkipAssignment) {
    return { ...joinResult(group, member), leader: former.leaderId, members: [] };
  }
  return {
    ...joinResult(group, member),
    skipAssignment: isLeader,
    members: isLeader ? everybody(group) : [],
  };
}
