/**
 * A member of a classic group: what it said when it joined, its assignment, and the answers that
 * wait for the group. Owned by its Membership, which counts who waits.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import type { Deadline, Reply } from './environment.ts';

/** One way of assigning that a member knows, with bytes that only clients understand. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface JoinResult {
  readonly errorCode: ErrorCode;
  readonly memberId: string;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  /** For the leader only: everybody, with the metadata of the chosen protocol. */
  readonly members: readonly JoinedMember[];
}

interface JoinedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Buffer;
}

export interface SyncResult {
  readonly errorCode: ErrorCode;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

/** What a member says of itself; a later join may change the protocols and the time-outs. */
export interface MemberTerms {
  readonly protocols: readonly MemberProtocol[];
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
}

interface MemberIdentity {
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
}

export const NO_BYTES = Buffer.alloc(0);

export class Member {
  id: string;
  readonly identity: MemberIdentity;
  terms: MemberTerms;
  assignment: Buffer = NO_BYTES;
  /** Joined, but its first generation is not complete: it does not know its id and sends nothing. */
  isNew = false;
  joinReply: Reply<JoinResult> | null = null;
  syncReply: Reply<SyncResult> | null = null;
  /** Passes when nothing was heard of the member for too long. */
  session: Deadline | null = null;

  constructor(id: string, identity: MemberIdentity, terms: MemberTerms) {
    this.id = id;
    this.identity = identity;
    this.terms = terms;
  }

  get isStatic(): boolean {
    return this.identity.instanceId !== null;
  }

  metadataOf(protocolName: string | null): Buffer {
    const found = this.terms.protocols.find(({ name }) => name === protocolName);
    return found === undefined ? NO_BYTES : found.metadata;
  }

  /** True where a join says nothing new. */
  hasProtocols(protocols: readonly MemberProtocol[]): boolean {
    const known = this.terms.protocols;
    return (
      known.length === protocols.length &&
      known.every((protocol, index) => {
        const other = protocols[index];
        return protocol.name === other?.name && protocol.metadata.equals(other.metadata);
      })
    );
  }
}

export function joinFailure(memberId: string, errorCode: ErrorCode): JoinResult {
  return {
    errorCode,
    memberId,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    members: [],
  };
}

export function syncFailure(errorCode: ErrorCode): SyncResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES };
}
