// Bulk access to the telemetry collections for the charging service's own account.
//
// POST /citrine/upsert   {collection, rows}    inserts, or changes the given columns of, rows by id
// POST /citrine/delete   {collection, keys}
// POST /citrine/prune    {collection, field, before, limit}   removes old rows, oldest first
// GET  /citrine/credentials[?keys=a,b]         password hashes, which Directus conceals elsewhere
// GET  /citrine/transactions[?keys=a,b]        those that run, or were told of in the last days
//
// It goes past Directus' items service: no flows, no realtime events, no revisions. Who may
// call it is decided by a permission that only the service's policy has.

const TELEMETRY = new Set(['VariableAttribute', 'StatusNotification', 'OcppMessage', 'TransactionEvent', 'MeterValue']);
const PRUNABLE = new Map([
  ['StatusNotification', 'timestamp'], ['OcppMessage', 'timestamp'], ['StationEvent', 'timestamp'],
  ['Reservation', 'timestamp'], ['TransactionEvent', 'receivedAt'], ['MeterValue', 'receivedAt'],
]);
const LIVE_DAYS = 7; // as in citrine_py/model/transactions.py
const SERVICE_POLICY = 'c1781e00-0000-4000-8000-000000000101';
const HASHES = ['passwordHash', 'pendingPasswordHash', 'previousPasswordHash'];
const PARAMETERS = 30000; // Postgres takes 65535 in one statement
const MOST_ROWS = 20000;

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export default {
  id: 'citrine',
  handler: (router, { database, getSchema, logger }) => {
    const answer = (work) => async (request, response) => {
      try {
        await checkCaller(database, request.accountability);
        const data = await work(request);
        if (data === undefined) response.status(204).end();
        else response.json({ data });
      } catch (error) {
        const refusal = translate(error, logger);
        response
          .status(refusal.status)
          .json({ errors: [{ message: refusal.message, extensions: { code: refusal.code } }] });
      }
    };

    router.post('/upsert', answer(async ({ body }) => {
      const table = collectionOf(body, TELEMETRY);
      const fields = (await getSchema()).collections[table]?.fields;
      if (!fields) throw new Refusal(403, 'FORBIDDEN', `There is no collection ${table}`);
      await upsert(database, table, listOf(body, 'rows'), fields);
    }));

    router.post('/delete', answer(async ({ body }) => {
      const table = collectionOf(body, TELEMETRY);
      const keys = listOf(body, 'keys');
      await database.transaction(async (trx) => {
        for (let i = 0; i < keys.length; i += PARAMETERS) {
          await trx(table).whereIn('id', keys.slice(i, i + PARAMETERS)).delete();
        }
      });
    }));

    router.post('/prune', answer(async ({ body }) => {
      const table = collectionOf(body, PRUNABLE);
      const field = PRUNABLE.get(table);
      if (body.field !== field) throw new Refusal(400, 'INVALID_PAYLOAD', `field must be ${field}`);
      if (Number.isNaN(Date.parse(body.before))) {
        throw new Refusal(400, 'INVALID_PAYLOAD', 'before must be a time');
      }
      const limit = Math.min(Math.max(Number.parseInt(body.limit ?? 1000, 10) || 1000, 1), 10000);
      const old = database(table).select('id').where(field, '<', body.before)
        .orderBy(field).limit(limit);
      return { deleted: await database(table).whereIn('id', old).delete() };
    }));

    router.get('/credentials', answer(async ({ query }) => {
      const rows = database('VariableAttribute')
        .select('id', 'station', 'component', 'variable', 'type', 'mutability', ...HASHES)
        .where((any) => HASHES.forEach((hash) => any.orWhereNotNull(hash)));
      if (query.keys) rows.whereIn('id', String(query.keys).split(','));
      return await rows;
    }));

    router.get('/transactions', answer(async ({ query }) => {
      const fields = (await getSchema()).collections.Transaction?.fields;
      if (!fields) throw new Refusal(403, 'FORBIDDEN', 'There is no collection Transaction');
      const columns = Object.keys(fields).filter((name) => !fields[name].alias);
      const since = new Date(Date.now() - LIVE_DAYS * 86400000).toISOString();
      const rows = database('Transaction').select(columns)
        .where((any) => any.where('isActive', true).orWhere('updatedAt', '>=', since));
      if (query.keys) rows.whereIn('id', String(query.keys).split(','));
      return await rows;
    }));
  },
};

// The service's policy, and not the admin's: not even an admin reads hashes by this way.
async function checkCaller(database, accountability) {
  const user = accountability?.user;
  const holds = user && await database('directus_access')
    .where({ user, policy: SERVICE_POLICY }).first('id');
  if (!holds) throw new Refusal(403, 'FORBIDDEN', "Only the charging service's own account may");
}

function collectionOf(body, allowed) {
  const name = body?.collection;
  if (!allowed.has(name)) {
    throw new Refusal(403, 'FORBIDDEN', 'This collection is not among those written in bulk');
  }
  return name;
}

function listOf(body, name) {
  const list = body?.[name];
  if (!Array.isArray(list)) throw new Refusal(400, 'INVALID_PAYLOAD', `${name} must be a list`);
  if (list.length > MOST_ROWS) {
    throw new Refusal(400, 'INVALID_PAYLOAD', `${name} has more than ${MOST_ROWS} entries`);
  }
  return list;
}

async function upsert(database, table, rows, fields) {
  const merged = new Map(); // a later row for the same id adds to the earlier
  for (const row of rows) {
    if (!row?.id) throw new Refusal(400, 'INVALID_PAYLOAD', 'Every row needs an id');
    for (const column of Object.keys(row)) {
      if (!fields[column] || fields[column].alias) {
        throw new Refusal(400, 'INVALID_PAYLOAD', `${table} has no column ${column}`);
      }
    }
    merged.set(row.id, { ...merged.get(row.id), ...row });
  }
  const alike = new Map(); // rows with the same columns go into one statement
  for (const row of merged.values()) {
    const columns = Object.keys(row).sort();
    const label = columns.join();
    if (!alike.has(label)) alike.set(label, { columns, rows: [] });
    alike.get(label).rows.push(stored(row, columns, fields));
  }
  await database.transaction(async (trx) => {
    for (const { columns, rows: list } of alike.values()) {
      const size = Math.max(1, Math.floor(PARAMETERS / columns.length));
      const changed = columns.filter((column) => column !== 'id');
      for (let i = 0; i < list.length; i += size) {
        const insert = trx(table).insert(list.slice(i, i + size)).onConflict('id');
        await (changed.length ? insert.merge(changed) : insert.ignore());
      }
    }
  });
}

function stored(row, columns, fields) {
  const made = {};
  for (const column of columns) {
    const value = row[column];
    made[column] = fields[column].type === 'json' && value !== null ? JSON.stringify(value) : value;
  }
  return made;
}

const BY_SQLSTATE = {
  23503: 'INVALID_FOREIGN_KEY',
  23502: 'NOT_NULL_VIOLATION',
  22001: 'VALUE_TOO_LONG',
  22003: 'VALUE_OUT_OF_RANGE',
};

function translate(error, logger) {
  if (error instanceof Refusal) return error;
  const state = String(error?.code ?? '');
  if (BY_SQLSTATE[state]) return new Refusal(400, BY_SQLSTATE[state], error.detail ?? 'Refused');
  if (state.startsWith('22') || state.startsWith('23')) {
    return new Refusal(400, 'INVALID_PAYLOAD', 'The database refused a value');
  }
  logger.error(`citrine endpoint: ${state || error?.name}`);
  return new Refusal(500, 'INTERNAL_SERVER_ERROR', 'The database could not do it');
}
