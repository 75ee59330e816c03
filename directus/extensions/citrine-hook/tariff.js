// A tariff that somebody types is checked as the charging service reads it, so that what is
// wrong is told in the form and not found out by a driver. Where the service does not answer, the
// row is saved: the service marks what it cannot read and does not apply it.

const OTHERS = ['id', 'stationId', 'location', 'stations', 'locations', 'problem']; // not the tariff's terms

export function checkTariffs({ filter }, { env, logger, isService, refuse }) {
  filter('Tariff.items.create', async (payload, _meta, context) => {
    if (await typed(payload, context)) await check(payload);
    return payload;
  });

  filter('Tariff.items.update', async (payload, { keys }, context) => {
    if (!await typed(payload, context)) return payload;
    const rows = await context.database('Tariff').whereIn('id', keys);
    for (const row of rows) await check({ ...row, ...payload });
    return payload;
  });

  // Whether somebody who is signed in sets terms: what the service writes was checked by it.
  async function typed(payload, context) {
    const terms = Object.keys(payload).some((name) => !OTHERS.includes(name));
    return terms && Boolean(context.accountability?.user) && !await isService(context);
  }

  async function check(tariff) {
    const terms = Object.fromEntries(Object.entries(tariff).filter(([name]) => !OTHERS.includes(name)));
    let response;
    try {
      response = await fetch(new URL('/data/transactions/tariff/check', env.CITRINE_API_URL), {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Bearer ${env.CITRINE_API_TOKEN}`,
        },
        body: JSON.stringify(terms),
        signal: AbortSignal.timeout(5000),
      });
    } catch {
      logger.warn('citrine hook: a tariff was saved unchecked, the charging service does not answer');
      return;
    }
    if (response.status !== 400) return;
    const told = await response.json().catch(() => ({}));
    throw refuse(String(told.payload ?? 'The charging service does not take this tariff'));
  }
}
