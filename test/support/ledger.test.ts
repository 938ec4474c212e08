import { describe, expect, it } from '@jest/globals';
import type { LedgerRecord } from './ledger.ts';
import { Ledger } from './ledger.ts';

const at = (offset: number, value: string): LedgerRecord => ({ partition: 0, offset, value });

function ledgerOf(...records: readonly LedgerRecord[]): Ledger {
  const ledger = new Ledger((value) => {
    const [producer = '', number = ''] = value.split(':');
    return { producer, number: Number(number) };
  });
  ledger.acknowledge(records);
  return ledger;
}

describe('the ledger', () => {
  it('finds nothing wrong with a log that has more than was acknowledged', () => {
    const audit = ledgerOf(at(0, 'a:0'), at(2, 'a:2')).audit([
      at(0, 'a:0'),
      at(1, 'a:1'),
      at(2, 'a:2'),
    ]);
    expect(audit).toEqual({ acknowledged: 2, lost: [], duplicated: [], outOfOrder: [] });
  });

  it('calls lost what is missing, and what is at another offset', () => {
    const ledger = ledgerOf(at(0, 'a:0'), at(1, 'a:1'), at(2, 'a:2'));
    const { lost } = ledger.audit([at(0, 'a:0'), at(1, 'a:2')]);
    expect(lost).toEqual([at(1, 'a:1'), at(2, 'a:2')]);
  });

  it('calls lost what is in another partition', () => {
    const { lost } = ledgerOf(at(0, 'a:0')).audit([{ partition: 1, offset: 0, value: 'a:0' }]);
    expect(lost).toEqual([at(0, 'a:0')]);
  });

  it('looks anywhere in the partition for what was acknowledged without an offset', () => {
    const ledger = ledgerOf(at(-1, 'a:0'), at(-1, 'a:1'));
    const { lost } = ledger.audit([at(7, 'a:0'), { partition: 1, offset: 0, value: 'a:1' }]);
    expect(lost).toEqual([at(-1, 'a:1')]);
  });

  it('finds what was written twice', () => {
    const { duplicated } = ledgerOf().audit([at(0, 'a:0'), at(1, 'b:0'), at(2, 'a:0')]);
    expect(duplicated).toEqual(['a:0']);
  });

  it('finds what was written behind a later one, for each producer alone', () => {
    const read = [at(0, 'a:0'), at(1, 'a:2'), at(2, 'b:0'), at(3, 'a:1'), at(4, 'a:3')];
    expect(ledgerOf().audit(read).outOfOrder).toEqual(['a:1']);
  });

  it('does not call a duplicate out of order', () => {
    const read = [at(0, 'a:0'), at(1, 'a:1'), at(2, 'a:0')];
    expect(ledgerOf().audit(read)).toMatchObject({ duplicated: ['a:0'], outOfOrder: [] });
  });
});
