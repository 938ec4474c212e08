import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AssignableBroker } from '../../../broker/cluster/replica-assignment.ts';
import { assignReplicas, startIndexOf } from '../../../broker/cluster/replica-assignment.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';

function brokers(...ids: readonly number[]): readonly AssignableBroker[] {
  return ids.map((id) => ({ id, rack: null }));
}

function racked(racks: Readonly<Record<number, string>>): readonly AssignableBroker[] {
  return Object.entries(racks).map(([id, rack]) => ({ id: Number(id), rack }));
}

const lists = (
  assignment: ReadonlyMap<number, readonly number[]>,
): readonly (readonly number[])[] => [...assignment.values()];

describe('The assignment of replicas', () => {
  it("is Kafka's own example: ten partitions of three replicas on five brokers", () => {
    const assignment = assignReplicas({
      brokers: brokers(4, 2, 0, 1, 3),
      partitionCount: 10,
      replicationFactor: 3,
      startIndex: 0,
      shift: 0,
    });
    expect(lists(assignment)).toEqual([
      [0, 1, 2],
      [1, 2, 3],
      [2, 3, 4],
      [3, 4, 0],
      [4, 0, 1],
      [0, 2, 3],
      [1, 3, 4],
      [2, 4, 0],
      [3, 0, 1],
      [4, 1, 2],
    ]);
  });

  it('begins at the start index, and shifts followers', () => {
    const assignment = assignReplicas({
      brokers: brokers(1, 2, 3),
      partitionCount: 4,
      replicationFactor: 2,
      startIndex: 2,
      shift: 1,
    });
    expect(lists(assignment)).toEqual([
      [3, 2],
      [1, 3],
      [2, 1],
      [3, 1],
    ]);
  });

  it('goes on where a topic ends when partitions are added', () => {
    const all = brokers(1, 2, 3);
    const whole = assignReplicas({
      brokers: all,
      partitionCount: 8,
      replicationFactor: 2,
      startIndex: 1,
      shift: 1,
    });
    const startIndex = startIndexOf(all, whole.get(0)?.[0] ?? -1);
    const added = assignReplicas({
      brokers: all,
      partitionCount: 2,
      replicationFactor: 2,
      startIndex,
      shift: startIndex,
      firstPartition: 3,
    });
    expect([...added.keys()]).toEqual([3, 4]);
    expect(added.get(3)).toEqual(whole.get(3));
    expect(startIndexOf(brokers(1, 3, 5), 2)).toBe(1);
    expect(startIndexOf(brokers(1, 3), 9)).toBe(0);
  });

  it("takes racks in turn, as in Kafka's example of six brokers on three racks", () => {
    const assignment = assignReplicas({
      brokers: racked({ 0: 'rack1', 1: 'rack3', 2: 'rack3', 3: 'rack2', 4: 'rack2', 5: 'rack1' }),
      partitionCount: 7,
      replicationFactor: 3,
      startIndex: 0,
      shift: 0,
    });
    expect(lists(assignment)).toEqual([
      [0, 3, 1],
      [3, 1, 5],
      [1, 5, 4],
      [5, 4, 2],
      [4, 2, 0],
      [2, 0, 3],
      [0, 4, 2],
    ]);
  });

  it.each([
    [
      brokers(1, 2),
      1,
      3,
      ErrorCodes.INVALID_REPLICATION_FACTOR,
      'Replication factor: 3 larger than available brokers: 2.',
    ],
    [
      brokers(1),
      1,
      0,
      ErrorCodes.INVALID_REPLICATION_FACTOR,
      'Replication factor must be larger than 0.',
    ],
    [
      brokers(1),
      0,
      1,
      ErrorCodes.INVALID_PARTITIONS,
      'Number of partitions must be larger than 0.',
    ],
    [
      [...brokers(1), { id: 2, rack: 'a' }],
      1,
      1,
      ErrorCodes.UNKNOWN_SERVER_ERROR,
      'Not all brokers have rack information for replica rack aware assignment.',
    ],
  ])(
    'is refused with Kafka code and words %#',
    (all, partitionCount, replicationFactor, code, message) => {
      const request = { brokers: all, partitionCount, replicationFactor, startIndex: 0, shift: 0 };
      expect(() => assignReplicas(request)).toThrow(expect.objectContaining({ code, message }));
    },
  );

  it('has distinct live brokers, even leaders, and every rack before any twice', () => {
    const cluster = fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 9 }).chain((ids) =>
      fc.record({
        ids: fc.constant(ids),
        racks: fc.option(
          fc.array(fc.constantFrom('a', 'b', 'c'), {
            minLength: ids.length,
            maxLength: ids.length,
          }),
        ),
        replicationFactor: fc.integer({ min: 1, max: ids.length }),
        partitionCount: fc.integer({ min: 1, max: 40 }),
        startIndex: fc.nat(100),
        shift: fc.nat(100),
      }),
    );
    fc.assert(
      fc.property(cluster, ({ ids, racks, ...request }) => {
        const all = ids.map((id, index) => ({ id, rack: racks?.[index] ?? null }));
        const rackOf = new Map(all.map((broker) => [broker.id, broker.rack]));
        const rackCount = new Set(rackOf.values()).size;
        const leaders = new Map<number, number>();
        for (const replicas of lists(assignReplicas({ ...request, brokers: all }))) {
          expect(replicas).toHaveLength(request.replicationFactor);
          expect(new Set(replicas).size).toBe(replicas.length);
          expect(replicas.every((id) => ids.includes(id))).toBe(true);
          const used = new Set(replicas.map((id) => rackOf.get(id)));
          expect(used.size).toBe(Math.min(rackCount, racks === null ? 1 : replicas.length));
          const [leader = -1] = replicas;
          leaders.set(leader, (leaders.get(leader) ?? 0) + 1);
        }
        const counts = ids.map((id) => leaders.get(id) ?? 0);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
