// Password hashes: the few rows of VariableAttribute that hold some.

const TABLE = 'VariableAttribute';
const HASHES = ['passwordHash', 'pendingPasswordHash', 'previousPasswordHash'];
const INDEX = `${TABLE}_credentials`;
const HOLDS_SOME = HASHES.map((hash) => `"${hash}" IS NOT NULL`).join(' OR ');

export async function credentials(database, keys) {
  const rows = rowsWithHashes(database)
    .select('id', 'station', 'component', 'variable', 'type', 'mutability', ...HASHES);
  return await (keys ? rows.whereIn('id', keys) : rows);
}

export function rowsWithHashes(database) {
  return database(TABLE).whereRaw(`(${HOLDS_SOME})`);
}

// Has an index made of those rows, once, beside the work: they are found without it too, only not
// quickly. Directus knows no index of several columns, so it is no difference to its schema.
export function indexed(database, logger) {
  let wanted = true;
  return async () => {
    if (!wanted || !await database.schema.hasTable(TABLE)) return;
    wanted = false;
    makeIndex(database).catch((error) => {
      wanted = true;
      logger.warn(`citrine endpoint: no index of credentials: ${error.code || error.name}`);
    });
  };
}

async function makeIndex(database) {
  const { rows: [found] } = await database.raw(
    `SELECT i.indisvalid OR EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.relid = i.indrelid) AS good
       FROM pg_index i WHERE i.indexrelid = to_regclass(?)`,
    [`"${INDEX}"`],
  );
  if (found?.good) return;
  if (found) await database.raw('DROP INDEX CONCURRENTLY IF EXISTS ??', [INDEX]); // of a try cut short
  await database.raw(
    `CREATE INDEX CONCURRENTLY IF NOT EXISTS ?? ON ?? ("id", "station") WHERE ${HOLDS_SOME}`,
    [INDEX, TABLE],
  );
}
