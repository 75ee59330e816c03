// What the charging service needs of the database beside /items, for its own account alone.
//
// POST /citrine/upsert   {collection, rows}    inserts, or changes the given columns of, rows by id
// POST /citrine/touch    {collection, rows}    changes telemetry columns of rows that are there
// POST /citrine/delete   {collection, keys}
// POST /citrine/prune    {collection, field, before, limit}   removes old rows, oldest first
// POST /citrine/update   {collection, rows: [{key, set, over}]}  a field in `over` only where the
//                        row holds one of those values; as /items does it, but in one transaction
// POST /citrine/changes  {since: {collection: mark or null}, keys: [collection]}  what is different
// GET  /citrine/credentials[?keys=a,b]         password hashes and sealed passwords, which Directus
//                        conceals elsewhere
// GET  /citrine/limits[?keys=a,b]              what stations take in one message
// GET  /citrine/wishes[?keys=a,b]              values that operators want variables to have
// GET  /citrine/transactions[?keys=a,b]        those that run, or were told of in the last days
//
// All but `update` go past Directus' items service: no flows, no realtime events, no revisions.
// Who may call is decided by a permission that only the service's policy has. Which collection may
// be used how stands in collections.json, which a test holds to citrine_py/model.

import { deleteRows, prune, touch, upsert } from './bulk.js';
import { changes } from './changes.js';
import lists from './collections.json' with { type: 'json' };
import { Refusal, checkCaller, listOf, nameIn, translate } from './calls.js';
import { credentials, index as indexOfCredentials } from './credentials.js';
import { index as indexOfLimits, limits } from './limits.js';
import { indexed } from './partial_index.js';
import { liveTransactions } from './transactions.js';
import { update } from './update.js';
import { index as indexOfWishes, wishes } from './wishes.js';

export default {
  id: 'citrine',
  handler: (router, { database, getSchema, services, logger }) => {
    const makers = [indexOfCredentials, indexOfLimits, indexOfWishes]
      .map((index) => indexed(database, logger, index));
    const withIndices = () => Promise.all(makers.map((make) => make()));

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

    const schemaWith = async (table) => {
      const schema = await getSchema();
      if (!schema.collections[table]) throw new Refusal(403, 'FORBIDDEN', `There is no collection ${table}`);
      return schema;
    };

    router.post('/upsert', answer(async ({ body }) => {
      const table = nameIn(lists.bulk, body?.collection);
      const { fields } = (await schemaWith(table)).collections[table];
      await upsert(database, table, listOf(body, 'rows'), fields);
    }));

    router.post('/touch', answer(async ({ body }) => {
      const table = nameIn(Object.keys(lists.touched), body?.collection);
      await schemaWith(table);
      return await touch(database, table, listOf(body, 'rows'), lists.touched[table]);
    }));

    router.post('/delete', answer(async ({ body }) => {
      await deleteRows(database, nameIn(lists.bulk, body?.collection), listOf(body, 'keys'));
    }));

    router.post('/prune', answer(async ({ body }) => (
      await prune(database, nameIn(Object.keys(lists.pruned), body?.collection), lists.pruned, body)
    )));

    router.post('/update', answer(async ({ body, accountability }) => {
      const table = nameIn(lists.items, body?.collection);
      const schema = await schemaWith(table);
      return await update({ database, services, schema, accountability }, table, listOf(body, 'rows'));
    }));

    router.post('/changes', answer(async ({ body }) => {
      await withIndices();
      return await changes(database, body, lists.resident);
    }));

    router.get('/credentials', answer(async ({ query }) => {
      await withIndices();
      return await credentials(database, query.keys && String(query.keys).split(','));
    }));

    router.get('/limits', answer(async ({ query }) => {
      await withIndices();
      return await limits(database, query.keys && String(query.keys).split(','));
    }));

    router.get('/wishes', answer(async ({ query }) => {
      await withIndices();
      return await wishes(database, query.keys && String(query.keys).split(','));
    }));

    router.get('/transactions', answer(async ({ query }) => {
      const { fields } = (await schemaWith('Transaction')).collections.Transaction;
      return await liveTransactions(database, fields, query.keys && String(query.keys).split(','));
    }));
  },
};
