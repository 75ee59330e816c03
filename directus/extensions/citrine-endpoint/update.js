// Changes as /items makes them (rights, flows, realtime, revisions), but decided and written in one
// transaction: a field with a condition is set only where its row, locked, holds what it was
// decided on. A value that is there already counts as set, so that a repeated call does no harm.

import { isDeepStrictEqual } from 'node:util';

import { invalid } from './calls.js';

const LONGEST_LOCK = 10000; // milliseconds that we wait for others, and twice that they for us

export async function update({ database, services, schema, accountability }, table, rows) {
  const { fields } = schema.collections[table];
  checkRows(rows, table, fields);
  const committed = Promise.withResolvers();
  committed.promise.catch(() => {}); // nobody may be waiting for it
  const writes = [];
  const outcome = { missing: [], notApplied: [] };
  try {
    await database.transaction(async (trx) => {
      await trx.raw(`SET LOCAL lock_timeout = ${LONGEST_LOCK}`);
      await trx.raw(`SET LOCAL idle_in_transaction_session_timeout = ${2 * LONGEST_LOCK}`);
      const held = await lock(trx, { services, schema, accountability }, table, rows);
      const changes = rows.map((row) => [row.key, decided(row, held.get(row.key), fields, outcome)]);
      for (const { keys, data } of alike(changes)) {
        const { knex, wrote } = lent(trx, committed.promise);
        const items = new services.ItemsService(table, { knex, schema, accountability });
        const write = items.updateMany(keys, data);
        write.catch(() => {}); // awaited below, or it failed with the rest
        writes.push(write);
        await Promise.race([wrote, write]);
      }
    });
    committed.resolve();
  } catch (error) {
    committed.reject(new Error('rolled back'));
    throw error;
  }
  await Promise.all(writes);
  return outcome;
}

function checkRows(rows, table, fields) {
  const seen = new Set();
  for (const { key, set, over = {} } of rows.map((row) => row ?? {})) {
    if (typeof key !== 'string' || !key || seen.has(key)) throw invalid('Every row needs a key of its own');
    seen.add(key);
    if (!isObject(set) || !isObject(over)) throw invalid('set and over must be objects');
    for (const column of Object.keys(set)) {
      if (!fields[column] || fields[column].alias || column === 'id') {
        throw invalid(`${table} has no column ${column} to set`);
      }
    }
    for (const [column, values] of Object.entries(over)) {
      if (!(column in set) || !Array.isArray(values)) throw invalid('over must have lists, for fields in set');
    }
  }
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// The rows as Directus shows them, by key, held so that nobody else changes or removes them.
async function lock(trx, { services, schema, accountability }, table, rows) {
  const keys = rows.map(({ key }) => key);
  const locked = await trx(table).whereIn('id', keys).orderBy('id').forNoKeyUpdate().pluck('id');
  const columns = new Set(rows.flatMap(({ over }) => Object.keys(over ?? {})));
  if (locked.length === 0 || columns.size === 0) return new Map(locked.map((id) => [id, {}]));
  const items = new services.ItemsService(table, { knex: trx, schema, accountability });
  const held = await items.readMany(locked, { fields: ['id', ...columns], limit: -1 }, { emitEvents: false });
  return new Map(held.map((row) => [row.id, row]));
}

// What is to be written to a row; what is not goes into `outcome`.
function decided({ key, set, over = {} }, held, fields, outcome) {
  if (!held) {
    outcome.missing.push(key);
    return {};
  }
  const data = {};
  const left = [];
  for (const [column, value] of Object.entries(set)) {
    const holds = (expected) => equal(fields[column].type, held[column], expected);
    if (!over[column]) data[column] = value;
    else if (holds(value)) continue;
    else if (over[column].some(holds)) data[column] = value;
    else left.push(column);
  }
  if (left.length) outcome.notApplied.push({ key, fields: left });
  return data;
}

// Whether two values are the same to Directus: a time has several forms, and so have numbers.
export function equal(type, held, expected) {
  if (held === null || expected === null) return held === expected;
  switch (type) {
    case 'timestamp':
      return Date.parse(held) === Date.parse(expected);
    case 'integer':
    case 'float':
    case 'decimal':
      return Number(held) === Number(expected);
    case 'bigInteger':
      return String(held) === String(expected);
    case 'json':
      return isDeepStrictEqual(held, expected);
    case 'uuid':
      return String(held).toLowerCase() === String(expected).toLowerCase();
    default:
      return held === expected;
  }
}

// Rows to which the same is written go into one call.
function alike(changes) {
  const groups = new Map();
  for (const [key, data] of changes) {
    if (Object.keys(data).length === 0) continue;
    const label = JSON.stringify(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (!groups.has(label)) groups.set(label, { keys: [], data });
    groups.get(label).keys.push(key);
  }
  return groups.values();
}

// Directus' services tell flows and realtime of a write as soon as the transaction in which they
// made it is over. So they get a database that seems to be in none: the one that they begin is ours,
// and it is over for them when ours is committed. `wrote` is done when they have written.
function lent(trx, committed) {
  const { promise: wrote, resolve, reject } = Promise.withResolvers();
  const begin = async (work) => {
    try {
      const result = await work(trx);
      resolve();
      await committed;
      return result;
    } catch (error) {
      reject(error);
      throw new Error('rolled back'); // a deadlock would make them begin again
    }
  };
  const knex = new Proxy(trx, {
    get: (target, name) => {
      if (name === 'isTransaction') return false;
      return name === 'transaction' ? begin : Reflect.get(target, name);
    },
  });
  wrote.catch(() => {}); // who waits for it may wait for the write itself by now
  return { knex, wrote };
}
