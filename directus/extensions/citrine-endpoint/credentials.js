// Password hashes, and sealed passwords that wait for their station: the few rows of VariableAttribute that hold some.

const TABLE = 'VariableAttribute';
const HASHES = ['passwordHash', 'pendingPasswordHash', 'previousPasswordHash', 'wantedPassword'];
const HOLDS_SOME = HASHES.map((hash) => `"${hash}" IS NOT NULL`).join(' OR ');

export async function credentials(database, keys) {
  const rows = rowsWithHashes(database)
    .select('id', 'station', 'component', 'variable', 'type', 'mutability', ...HASHES);
  return await (keys ? rows.whereIn('id', keys) : rows);
}

export function rowsWithHashes(database) {
  return database(TABLE).whereRaw(`(${HOLDS_SOME})`);
}

export const index = { name: `${TABLE}_secrets`, table: TABLE, where: HOLDS_SOME };
