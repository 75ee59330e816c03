// Transactions that the service keeps in memory: those that run, or were told of lately.

const TABLE = 'Transaction';
const LIVE_DAYS = 7; // as in citrine_py/model/transactions.py

export async function liveTransactions(database, fields, keys) {
  const columns = Object.keys(fields).filter((name) => !fields[name].alias);
  const rows = liveRows(database).select(columns);
  return await (keys ? rows.whereIn('id', keys) : rows);
}

export function liveRows(knex) {
  const since = new Date(Date.now() - LIVE_DAYS * 86400000).toISOString();
  return knex(TABLE).where((any) => any.where('isActive', true).orWhere('updatedAt', '>=', since));
}
