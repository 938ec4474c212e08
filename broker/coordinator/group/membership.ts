/**
 * Who is in a group: members, who of them waits for a generation, who owes a SyncGroup, who was
 * given an id and has not come back with it (KIP-394), which instance is which member (KIP-345).
 * Invariants: a waiting member is counted exactly once; the leader, if any, is a member; supports()
 * and hasAllJoined take the same time whatever the group's size.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { Deadline, Reply } from './environment.ts';
import type { JoinResult, Member, MemberProtocol, MemberTerms, SyncResult } from './member.ts';
import { joinFailure, syncFailure } from './member.ts';

export class Membership {
  readonly #members = new Map<string, Member>();
  readonly #idsByInstance = new Map<string, string>();
  readonly #pendingIds = new Map<string, Deadline>();
  readonly #owingSync = new Set<string>();
  /** Protocol -> how many members know it. */
  readonly #support = new Map<string, number>();
  #awaitingJoinCount = 0;
  #leaderId: string | null = null;

  get size(): number {
    return this.#members.size;
  }

  get leaderId(): string | null {
    return this.#leaderId;
  }

  get awaitingJoinCount(): number {
    return this.#awaitingJoinCount;
  }

  get pendingCount(): number {
    return this.#pendingIds.size;
  }

  get owingSync(): ReadonlySet<string> {
    return this.#owingSync;
  }

  /** Everybody joined who is known to want to. */
  get hasAllJoined(): boolean {
    return this.#members.size === this.#awaitingJoinCount && this.#pendingIds.size === 0;
  }

  all(): IterableIterator<Member> {
    return this.#members.values();
  }

  get(memberId: string): Member | undefined {
    return this.#members.get(memberId);
  }

  idOfInstance(instanceId: string): string | undefined {
    return this.#idsByInstance.get(instanceId);
  }

  isLeader(memberId: string): boolean {
    return this.#leaderId === memberId;
  }

  /** Whether every member knows one of the protocols. */
  supports(protocols: readonly MemberProtocol[]): boolean {
    return protocols.some(({ name }) => (this.#support.get(name) ?? 0) === this.#members.size);
  }

  /**
   * Each member votes for the first of its protocols that all know; of equal votes the one that
   * was voted for first wins.
   */
  electProtocol(): string | null {
    const votes = new Map<string, number>();
    for (const { terms } of this.#members.values()) {
      const vote = terms.protocols.find(({ name }) => this.#support.get(name) === this.size);
      if (vote !== undefined) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
    }
    let elected: string | null = null;
    let most = 0;
    for (const [name, count] of votes) {
      if (count > most) {
        elected = name;
        most = count;
      }
    }
    return elected;
  }

  /** The longest time that any member wants to have for a rebalance. */
  rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const { terms } of this.#members.values()) {
      longest = Math.max(longest, terms.rebalanceTimeoutMs);
    }
    return longest;
  }

  add(member: Member): void {
    assert(!this.#members.has(member.id), 'a member is added once');
    this.#members.set(member.id, member);
    const { instanceId } = member.identity;
    if (instanceId !== null) this.#idsByInstance.set(instanceId, member.id);
    this.#leaderId ??= member.id;
    this.#countSupport(member.terms, 1);
    this.removePending(member.id);
  }

  /** For groups read from the log: the leader is the one of the record, if it is a member. */
  restoreLeader(memberId: string | null): void {
    if (memberId !== null && this.#members.has(memberId)) this.#leaderId = memberId;
  }

  setTerms(member: Member, terms: MemberTerms): void {
    this.#countSupport(member.terms, -1);
    member.terms = terms;
    this.#countSupport(terms, 1);
  }

  /** The first member leads where the leader has gone. What still waits is told UNKNOWN_MEMBER_ID. */
  remove(member: Member): void {
    this.answerJoin(member, joinFailure('', ErrorCodes.UNKNOWN_MEMBER_ID));
    this.answerSync(member, syncFailure(ErrorCodes.UNKNOWN_MEMBER_ID));
    member.session?.cancel();
    this.#members.delete(member.id);
    const { instanceId } = member.identity;
    if (instanceId !== null) this.#idsByInstance.delete(instanceId);
    this.#owingSync.delete(member.id);
    this.#countSupport(member.terms, -1);
    if (this.#leaderId === member.id) this.#leaderId = firstOf(this.#members.keys());
  }

  /** A static member came back under a new id; whoever still uses the old one is fenced. */
  replaceId(member: Member, newId: string): void {
    const { instanceId } = member.identity;
    assert(instanceId !== null, 'only a static member is replaced');
    this.answerJoin(member, joinFailure(member.id, ErrorCodes.FENCED_INSTANCE_ID));
    this.answerSync(member, syncFailure(ErrorCodes.FENCED_INSTANCE_ID));
    this.#members.delete(member.id);
    if (this.#leaderId === member.id) this.#leaderId = newId;
    if (this.#owingSync.delete(member.id)) this.#owingSync.add(newId);
    member.id = newId;
    this.#members.set(newId, member);
    this.#idsByInstance.set(instanceId, newId);
  }

  /** False where the leader did not join again and nobody else did who could lead. */
  electJoinedLeader(): boolean {
    const leader = this.#leaderId === null ? undefined : this.#members.get(this.#leaderId);
    if (leader === undefined || leader.joinReply !== null) return true;
    for (const member of this.#members.values()) {
      if (member.joinReply === null) continue;
      this.#leaderId = member.id;
      return true;
    }
    return false;
  }

  awaitJoin(member: Member, reply: Reply<JoinResult>): void {
    if (member.joinReply === null) this.#awaitingJoinCount += 1;
    else member.joinReply(joinFailure(member.id, ErrorCodes.REBALANCE_IN_PROGRESS));
    member.joinReply = reply;
  }

  /** Whether somebody was waiting. */
  answerJoin(member: Member, result: JoinResult): boolean {
    const reply = member.joinReply;
    if (reply === null) return false;
    member.joinReply = null;
    this.#awaitingJoinCount -= 1;
    reply(result);
    return true;
  }

  awaitSync(member: Member, reply: Reply<SyncResult>): void {
    member.syncReply?.(syncFailure(ErrorCodes.REBALANCE_IN_PROGRESS));
    member.syncReply = reply;
    this.#owingSync.delete(member.id);
  }

  answerSync(member: Member, result: SyncResult): boolean {
    const reply = member.syncReply;
    if (reply === null) return false;
    member.syncReply = null;
    reply(result);
    return true;
  }

  oweSync(): void {
    for (const memberId of this.#members.keys()) this.#owingSync.add(memberId);
  }

  forgiveSync(memberId?: string): void {
    if (memberId === undefined) this.#owingSync.clear();
    else this.#owingSync.delete(memberId);
  }

  addPending(memberId: string, expiry: Deadline): void {
    this.#pendingIds.set(memberId, expiry);
  }

  isPending(memberId: string): boolean {
    return this.#pendingIds.has(memberId);
  }

  removePending(memberId: string): void {
    this.#pendingIds.get(memberId)?.cancel();
    this.#pendingIds.delete(memberId);
  }

  forgetPending(): void {
    for (const expiry of this.#pendingIds.values()) expiry.cancel();
    this.#pendingIds.clear();
  }

  #countSupport(terms: MemberTerms, change: 1 | -1): void {
    for (const name of new Set(terms.protocols.map((protocol) => protocol.name))) {
      const count = (this.#support.get(name) ?? 0) + change;
      if (count === 0) this.#support.delete(name);
      else this.#support.set(name, count);
    }
  }
}

function firstOf(ids: Iterable<string>): string | null {
  for (const id of ids) return id;
  return null;
}
