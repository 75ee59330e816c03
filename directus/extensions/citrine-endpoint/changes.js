// Which rows are different from what was read some time ago, by the row versions of Postgres.
//
// A mark names the oldest transaction that was under way when it was taken: whatever is committed
// later was written by that one or a later one, and its rows bear that number (xmin). Rows of those
// that were committed before the mark may be among them; that does no harm. Numbers in rows have 32
// bits and go round; they tell older from newer across half of that, and a mark serves for half of
// that again. A row that is older still may look new: no harm either. A mark also names the table
// and its number of columns ever, and the start of Postgres: after a restore, a new column or a
// failover it compares to nothing.

import { invalid, nameIn } from './calls.js';
import { rowsWithHashes } from './credentials.js';
import { rowsWithLimits } from './limits.js';
import { liveRows } from './transactions.js';
import { rowsWithWishes } from './wishes.js';

const VIEWS = {
  Credential: { table: 'VariableAttribute', rows: rowsWithHashes },
  LiveTransaction: { table: 'Transaction', rows: liveRows },
  MessageLimit: { table: 'VariableAttribute', rows: rowsWithLimits },
  VariableWish: { table: 'VariableAttribute', rows: rowsWithWishes },
};
const FARTHEST = 2n ** 30n; // transactions
const LONGEST = 20000; // milliseconds

export async function changes(database, body, allowed) {
  const since = body?.since;
  if (typeof since !== 'object' || since === null || Array.isArray(since)) {
    throw invalid('since must name collections');
  }
  const all = body.keys ?? [];
  if (!Array.isArray(all)) throw invalid('keys must be a list');
  const names = Object.keys(since).map((name) => nameIn(allowed, name));
  return await database.transaction(async (trx) => {
    await trx.raw(`SET LOCAL statement_timeout = ${LONGEST}`);
    const { rows: [now] } = await trx.raw(
      `SELECT pg_snapshot_xmin(now)::text AS oldest, pg_snapshot_xmax(now)::text AS next,
              extract(epoch FROM pg_postmaster_start_time())::text AS started
         FROM pg_current_snapshot() AS now`,
    );
    const told = {};
    for (const name of names) told[name] = await changesOf(trx, name, since[name], now, all.includes(name));
    return told;
  }, { isolationLevel: 'repeatable read', readOnly: true });
}

async function changesOf(trx, name, since, now, withKeys) {
  const { table, rows } = VIEWS[name] ?? { table: name, rows: (knex) => knex(name) };
  const { rows: [known] } = await trx.raw(
    'SELECT oid::text AS oid, relnatts FROM pg_class WHERE oid = to_regclass(?)', [`"${table}"`],
  );
  const place = `${known?.oid} ${known?.relnatts} ${now.started}`;
  const told = { mark: `${now.oldest} ${place}`, changed: null, count: 0 };
  const number = await rows(trx).count({ count: '*' }).first();
  told.count = Number(number.count);
  const from = comparable(since, place, now);
  if (from !== null) {
    told.changed = await rows(trx).whereRaw('age(xmin) <= age(?::xid8::xid)', [from]).pluck('id');
  }
  if (withKeys) told.keys = await rows(trx).pluck('id');
  return told;
}

// The transaction from which a mark counts, or null where it says nothing about this table today.
function comparable(mark, place, now) {
  const [, from, rest] = /^(\d{1,20}) (.*)$/.exec(String(mark ?? '')) ?? [];
  if (rest !== place) return null;
  const distance = BigInt(now.next) - BigInt(from);
  return distance >= 0n && distance < FARTHEST ? from : null;
}
