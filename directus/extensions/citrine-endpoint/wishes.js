// Values that operators want variables to have. What stations report is compared with them, so the
// service keeps these rows in memory.

const TABLE = 'VariableAttribute';
const COLUMNS = ['id', 'station', 'component', 'componentInstance', 'evseId', 'connectorId', 'variable',
  'variableInstance', 'type', 'mutability', 'dataType', 'setAt', 'wantedValue', 'wantedProgress', 'wantedInfo'];
const WANTED = '"wantedValue" IS NOT NULL OR "wantedInfo" IS NOT NULL'; // or was wanted just now

export const index = { name: `${TABLE}_wishes`, table: TABLE, where: WANTED };

export function rowsWithWishes(knex) {
  return knex(TABLE).whereRaw(`(${WANTED})`);
}

export async function wishes(database, keys) {
  const rows = rowsWithWishes(database).select(COLUMNS);
  return await (keys ? rows.whereIn('id', keys) : rows);
}
