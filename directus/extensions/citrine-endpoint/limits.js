// How much stations take in one message. The service decides by it, so it keeps these rows in memory.

const TABLE = 'VariableAttribute';
const COLUMNS = ['id', 'station', 'component', 'variable', 'variableInstance', 'value'];
const TELLS_ONE = "lower(component) = 'devicedatactrlr' "
  + "AND lower(variable) IN ('itemspermessage', 'bytespermessage')";

export const index = { name: `${TABLE}_limits`, table: TABLE, where: TELLS_ONE };

export function rowsWithLimits(knex) {
  return knex(TABLE).whereRaw(`(${TELLS_ONE})`);
}

export async function limits(database, keys) {
  const rows = rowsWithLimits(database).select(COLUMNS);
  return await (keys ? rows.whereIn('id', keys) : rows);
}
