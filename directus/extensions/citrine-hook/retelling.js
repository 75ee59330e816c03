// Directus tells subscribers of a change when its service has made it. Within a longer transaction
// (a list of rows in one PATCH, an import) that is before the commit: what it reads for them then is
// the old row, or none. So the charging service is told once more of such rows when the transaction
// is over, whichever way it ended. Its own changes are told of in time.

const SERVICE_USER = 'c1781e00-0000-4000-8000-000000000201';

export function retelling({ filter }, { services, logger }) {
  const open = new WeakMap(); // by transaction, the keys of changed rows by collection

  const note = (collection, keys, { database, accountability }) => {
    if (!database?.isTransaction || accountability?.user === SERVICE_USER) return;
    let rows = open.get(database);
    if (!rows) {
      rows = new Map();
      open.set(database, rows);
      const over = () => tell(services, logger, rows);
      database.executionPromise.then(over, over);
    }
    if (!rows.has(collection)) rows.set(collection, new Set());
    for (const key of keys) rows.get(collection).add(key);
  };

  filter('items.create', (payload, { collection }, context) => {
    note(collection, [payload.id ?? null], context); // null: it is given one later on
  });
  filter('items.update', (_payload, { collection, keys }, context) => note(collection, keys, context));
  filter('items.delete', (keys, { collection }, context) => note(collection, keys, context));
}

function tell(services, logger, rows) {
  try {
    const socket = new services.WebSocketService();
    for (const [collection, keys] of rows) {
      const message = { type: 'citrine', collection, keys: keys.has(null) ? null : [...keys].map(String) };
      socket.broadcast(message, { user: SERVICE_USER });
    }
  } catch (error) {
    logger.warn(`citrine hook: the charging service was not told again: ${error.message}`);
  }
}
