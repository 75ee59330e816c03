// The few rows of a large table that one of our views holds, found quickly.
//
// Such an index is made once, beside the work: the rows are found without it too. Directus knows no
// index of several columns, so it is no difference to its schema.

export function indexed(database, logger, { name, table, where }) {
  let wanted = true;
  return async () => {
    if (!wanted || !await database.schema.hasTable(table)) return;
    wanted = false;
    make(database, name, table, where).catch((error) => {
      wanted = true;
      logger.warn(`citrine endpoint: no index ${name}: ${error.code || error.name}`);
    });
  };
}

async function make(database, name, table, where) {
  const { rows: [found] } = await database.raw(
    `SELECT i.indisvalid OR EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.relid = i.indrelid) AS good
       FROM pg_index i WHERE i.indexrelid = to_regclass(?)`,
    [`"${name}"`],
  );
  if (found?.good) return;
  if (found) await database.raw('DROP INDEX CONCURRENTLY IF EXISTS ??', [name]); // of a try cut short
  await database.raw(
    `CREATE INDEX CONCURRENTLY IF NOT EXISTS ?? ON ?? ("id", "station") WHERE ${where}`,
    [name, table],
  );
}
