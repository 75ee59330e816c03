// Passwords are write-only: what a person types is handed to the charging service, which
// hashes it, and is taken out of the payload before Directus stores, logs or tells anybody.
//
// Also: a Boot record belongs to the station of its id, and holds no password.

import { createHash } from 'node:crypto';

const SERVICE_POLICY = 'c1781e00-0000-4000-8000-000000000101';
const KEYS_NAMESPACE = '6b0a3a5e-52ac-4c0e-9a57-0c1c5d3b2f10'; // citrine_py/model/keys.py
const HASHES = ['passwordHash', 'pendingPasswordHash', 'previousPasswordHash'];
const RULE = /^[a-zA-Z0-9*\-_=:+|@.]{16,40}$/;
const RULE_TEXT = 'A password has 16 to 40 characters out of a-z A-Z 0-9 * - _ = : + | @ .';
const STASHED = 1000;

class Invalid extends Error {
  constructor(message, status = 400, code = 'INVALID_PAYLOAD') {
    super(message);
    this.name = 'DirectusError';
    this.status = status;
    this.code = code;
    this.extensions = { reason: message };
  }
}

export default ({ filter, action }, { env, services, getSchema, logger }) => {
  const stash = new Map(); // passwords of rows that are being created, until these are committed

  const hold = (key, station, password) => {
    if (!RULE.test(password)) throw new Invalid(RULE_TEXT);
    if (stash.size >= STASHED) stash.delete(stash.keys().next().value);
    stash.set(key, { station, password });
  };

  const release = (collection) => async ({ key }, { accountability }) => {
    const held = stash.get(`${collection} ${key}`);
    if (!held) return;
    stash.delete(`${collection} ${key}`);
    try {
      await setPassword(env, held.station, held.password);
    } catch (error) {
      logger.warn(`citrine hook: the password of a new record was not set: ${error.message}`);
      await tell(services, getSchema, accountability, held.station, error.message);
    }
  };

  filter('ChargingStation.items.create', (payload) => {
    const password = take(payload, 'password');
    if (password) hold(`ChargingStation ${payload.id}`, payload.id, password);
    return payload;
  });
  action('ChargingStation.items.create', release('ChargingStation'));

  filter('ChargingStation.items.update', async (payload, { keys }) => {
    const password = take(payload, 'password');
    if (password) for (const key of keys) await setPassword(env, key, password);
    return payload;
  });

  filter('VariableAttribute.items.create', async (payload, _meta, context) => {
    if (await isService(context)) return payload;
    refuseHashes(payload);
    if (!namesPassword(payload)) return payload;
    const station = payload.station?.id ?? payload.station;
    if (!station) throw new Invalid('Say whose password it is: station is missing');
    payload.id = passwordKey(String(station));
    payload.mutability = 'WriteOnly';
    const password = take(payload, 'value');
    if (password && (payload.type ?? 'Actual') === 'Actual') {
      hold(`VariableAttribute ${payload.id}`, String(station), password);
    }
    return payload;
  });
  action('VariableAttribute.items.create', release('VariableAttribute'));

  filter('VariableAttribute.items.update', async (payload, { keys }, context) => {
    if (await isService(context)) return payload;
    refuseHashes(payload);
    if (!('value' in payload) && !('variable' in payload) && !('component' in payload)) return payload;
    const rows = await context.database('VariableAttribute').whereIn('id', keys)
      .select('id', 'station', 'component', 'variable', 'type');
    const secret = rows.filter((row) => namesPassword({ ...row, ...payload }));
    if (secret.length === 0) return payload;
    if (secret.length < rows.length) throw new Invalid('Set passwords apart from other variables');
    const password = take(payload, 'value');
    if (password) {
      for (const row of secret) {
        if (row.type === 'Actual') await setPassword(env, row.station, password);
      }
    }
    return payload;
  });

  const checkBoot = (payload) => {
    const named = JSON.stringify(payload.pendingBootSetVariables ?? null).toLowerCase();
    if (named.includes('basicauthpassword')) {
      throw new Invalid('A BasicAuthPassword is not kept in plain text: set it on the station instead');
    }
    return payload;
  };
  filter('Boot.items.create', (payload) => {
    if (payload.id !== undefined) payload.station ??= payload.id;
    else if (typeof payload.station === 'string') payload.id = payload.station;
    return checkBoot(payload);
  });
  filter('Boot.items.update', checkBoot);
};

// Takes a secret out of a payload. What Directus shows in its place means: no change.
function take(payload, field) {
  const value = payload[field];
  delete payload[field];
  return typeof value === 'string' && value !== '' && !/^\*+$/.test(value) ? value : null;
}

function namesPassword({ component, variable }) {
  return String(component).toLowerCase() === 'securityctrlr'
    && String(variable).toLowerCase() === 'basicauthpassword';
}

function refuseHashes(payload) {
  if (HASHES.some((field) => field in payload)) {
    throw new Invalid('Password hashes are written by the charging service alone', 403, 'FORBIDDEN');
  }
}

async function isService({ database, accountability }) {
  if (!accountability?.user) return accountability === null;
  const access = await database('directus_access')
    .where({ user: accountability.user, policy: SERVICE_POLICY }).first('id');
  return access !== undefined;
}

async function setPassword(env, station, password) {
  let response;
  try {
    response = await fetch(new URL('/data/configuration/password', env.CITRINE_API_URL), {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${env.CITRINE_API_TOKEN}`,
      },
      body: JSON.stringify({ stationId: String(station), password, setOnCharger: true }),
      signal: AbortSignal.timeout(15000),
    });
  } catch {
    throw new Invalid('The charging service does not answer, so the password was not set', 503,
      'SERVICE_UNAVAILABLE');
  }
  if (response.ok) return;
  const told = await response.json().catch(() => ({}));
  throw new Invalid(String(told.payload ?? `The charging service answered ${response.status}`));
}

async function tell(services, getSchema, accountability, station, reason) {
  if (!accountability?.user) return;
  const notifications = new services.NotificationsService({ schema: await getSchema() });
  await notifications.createOne({
    recipient: accountability.user,
    subject: `${station}: the password was not set`,
    message: reason,
    collection: 'ChargingStation',
    item: String(station),
  });
}

function passwordKey(station) {
  const escape = (part) => part.replaceAll('\\', '\\\\').replaceAll('|', '\\|');
  const name = ['VariableAttribute', escape(station), 'securityctrlr', '', '', '', 'basicauthpassword',
    '', 'Actual'].join('|');
  const hash = createHash('sha1')
    .update(Buffer.from(KEYS_NAMESPACE.replaceAll('-', ''), 'hex')).update(name).digest();
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = hash.subarray(0, 16).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
