// Many rows at once, past Directus' items service.

import { invalid } from './calls.js';

const PARAMETERS = 30000; // Postgres takes 65535 in one statement

export async function upsert(database, table, rows, fields) {
  const merged = new Map(); // a later row for the same id adds to the earlier
  for (const row of rows) {
    if (!row?.id) throw invalid('Every row needs an id');
    for (const column of Object.keys(row)) {
      if (!fields[column] || fields[column].alias) throw invalid(`${table} has no column ${column}`);
    }
    merged.set(row.id, { ...merged.get(row.id), ...row });
  }
  await database.transaction(async (trx) => {
    for (const { columns, rows: list } of alike(merged.values())) {
      const size = Math.max(1, Math.floor(PARAMETERS / columns.length));
      const made = list.map((row) => stored(row, columns, fields));
      const changed = columns.filter((column) => column !== 'id');
      for (let i = 0; i < made.length; i += size) {
        const insert = trx(table).insert(made.slice(i, i + size)).onConflict('id');
        await (changed.length ? insert.merge(changed) : insert.ignore());
      }
    }
  });
}

// Sets columns of rows that are there; the ids of the others are the answer. Postgres makes the
// values fit the columns' types, and one parameter carries all of them.
export async function touch(database, table, rows, allowed) {
  const merged = new Map();
  for (const row of rows) {
    if (!row?.id) throw invalid('Every row needs an id');
    for (const column of Object.keys(row)) {
      if (column !== 'id' && !allowed.includes(column)) throw invalid(`${column} is not touched`);
    }
    merged.set(row.id, { ...merged.get(row.id), ...row });
  }
  let touched = 0;
  await database.transaction(async (trx) => {
    for (const { columns, rows: list } of alike(merged.values())) {
      const sets = columns.filter((column) => column !== 'id');
      if (sets.length === 0) continue;
      const { rowCount } = await trx.raw(
        `UPDATE ?? AS held SET ${sets.map(() => '?? = told.??').join(', ')} `
          + 'FROM jsonb_populate_recordset(NULL::??, ?::jsonb) AS told WHERE held.id = told.id',
        [table, ...sets.flatMap((column) => [column, column]), table, JSON.stringify(list)],
      );
      touched += rowCount;
    }
  });
  if (touched === merged.size) return { missing: [] };
  const keys = [...merged.keys()];
  const there = await database(table).whereIn('id', keys).pluck('id');
  const known = new Set(there.map(String));
  return { missing: keys.filter((key) => !known.has(String(key))) };
}

export async function deleteRows(database, table, keys) {
  await database.transaction(async (trx) => {
    for (let i = 0; i < keys.length; i += PARAMETERS) {
      await trx(table).whereIn('id', keys.slice(i, i + PARAMETERS)).delete();
    }
  });
}

export async function prune(database, table, fields, body) {
  const field = fields[table];
  if (body.field !== field) throw invalid(`field must be ${field}`);
  if (Number.isNaN(Date.parse(body.before))) throw invalid('before must be a time');
  const limit = Math.min(Math.max(Number.parseInt(body.limit ?? 1000, 10) || 1000, 1), 10000);
  const old = database(table).select('id').where(field, '<', body.before)
    .orderBy(field).limit(limit);
  return { deleted: await database(table).whereIn('id', old).delete() };
}

// Rows with the same columns go into one statement.
function alike(rows) {
  const groups = new Map();
  for (const row of rows) {
    const columns = Object.keys(row).sort();
    const label = columns.join();
    if (!groups.has(label)) groups.set(label, { columns, rows: [] });
    groups.get(label).rows.push(row);
  }
  return groups.values();
}

function stored(row, columns, fields) {
  const made = {};
  for (const column of columns) {
    const value = row[column];
    made[column] = fields[column].type === 'json' && value !== null ? JSON.stringify(value) : value;
  }
  return made;
}
