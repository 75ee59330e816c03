// How much stations take in one message. The service decides by it, so it keeps these rows in memory.

const COLUMNS = ['id', 'station', 'component', 'variable', 'variableInstance', 'value'];

export function rowsWithLimits(knex) {
  return knex('VariableAttribute')
    .whereRaw('lower(component) = ?', ['devicedatactrlr'])
    .whereRaw('lower(variable) in (?, ?)', ['itemspermessage', 'bytespermessage']);
}

export async function limits(database, { keys }) {
  const rows = rowsWithLimits(database).select(COLUMNS);
  if (keys) rows.whereIn('id', String(keys).split(','));
  return await rows;
}
