// Passwords are write-only: what a person types is handed to the charging service, which
// hashes it, and is taken out of the payload before Directus stores, logs or tells anybody.
//
// Directus runs these filters before it checks permissions, so whatever reaches out to the
// charging service checks them first. Also: a Boot record belongs to the station of its id,
// and holds no password; a token has the key that the charging service gives it, and keeps it;
// and no query may sort, filter or group by a password's hash.

import { createHash } from 'node:crypto';

import { retelling } from './retelling.js';
import { checkTariffs } from './tariff.js';
import { checkWishes } from './wishes.js';

const SERVICE_POLICY = 'c1781e00-0000-4000-8000-000000000101';
const KEYS_NAMESPACE = '6b0a3a5e-52ac-4c0e-9a57-0c1c5d3b2f10'; // citrine_py/model/keys.py
const HASHES = ['passwordHash', 'pendingPasswordHash', 'previousPasswordHash', 'wantedPassword'];
const RULE = /^[a-zA-Z0-9*\-_=:+|@.]{16,40}$/;
const RULE_TEXT = 'A password has 16 to 40 characters out of a-z A-Z 0-9 * - _ = : + | @ .';
const STASHED = 1000;
const STASHED_FOR = 30000; // milliseconds; from the filter of a create to its commit

class Invalid extends Error {
  constructor(message, status = 400, code = 'INVALID_PAYLOAD') {
    super(message);
    this.name = 'DirectusError';
    this.status = status;
    this.code = code;
    this.extensions = { reason: message };
  }
}

class Forbidden extends Invalid {
  constructor(message) {
    super(message, 403, 'FORBIDDEN');
  }
}

export default ({ filter, action }, { env, services, getSchema, logger }) => {
  retelling({ filter }, { services, logger });
  checkTariffs({ filter }, { env, logger, isService, refuse: (text) => new Invalid(text) });

  checkWishes({ filter }, {
    isService, namesPassword, derived, refuse: (text) => new Invalid(text),
  });

  const stash = new Map(); // passwords of rows that are being created, until these are committed

  const hold = (key, station, password, { accountability }) => {
    if (!RULE.test(password)) throw new Invalid(RULE_TEXT);
    const now = Date.now();
    for (const [old, { until }] of stash) if (until < now) stash.delete(old);
    if (stash.size >= STASHED) stash.delete(stash.keys().next().value);
    stash.set(key, { station, password, user: person(accountability), until: now + STASHED_FOR });
  };

  const release = (collection) => async ({ key }, { accountability }) => {
    const held = stash.get(`${collection} ${key}`);
    if (!held) return;
    stash.delete(`${collection} ${key}`);
    if (held.until < Date.now() || held.user !== person(accountability)) return;
    try {
      await setPassword(env, held.station, held.password);
    } catch (error) {
      logger.warn(`citrine hook: the password of a new record was not set: ${error.message}`);
      await tell(services, getSchema, accountability, held.station, error.message);
    }
  };

  filter('ChargingStation.items.create', (payload, _meta, context) => {
    const key = `ChargingStation ${payload.id}`;
    stash.delete(key); // of a create that was refused
    const password = take(payload, 'password');
    if (password && payload.id) hold(key, String(payload.id), password, context);
    return payload;
  });
  action('ChargingStation.items.create', release('ChargingStation'));

  filter('ChargingStation.items.update', async (payload, { keys }, context) => {
    const password = take(payload, 'password');
    if (!password) return payload;
    await checkRight(services, context, 'ChargingStation', keys, 'password');
    for (const key of keys) await setPassword(env, key, password);
    return payload;
  });

  filter('VariableAttribute.items.create', async (payload, _meta, context) => {
    if (await isService(context)) return payload;
    refuseHashes(payload);
    if (!namesPassword(payload)) return payload;
    const station = payload.station?.id ?? payload.station;
    if (!station) throw new Invalid('Say whose password it is: station is missing');
    const password = take(payload, 'value');
    if (!isThePassword(payload)) {
      if (password) throw new Invalid('A password is set on the Actual attribute of the station itself');
      return payload;
    }
    payload.id = passwordKey(String(station));
    payload.mutability = 'WriteOnly';
    const key = `VariableAttribute ${payload.id}`;
    stash.delete(key);
    if (password) hold(key, String(station), password, context);
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
    if (!password) return payload;
    await checkRight(services, context, 'VariableAttribute', keys, 'value');
    if (secret.some(({ id, station }) => id !== passwordKey(String(station)))) {
      throw new Invalid('A password is set on the Actual attribute of the station itself');
    }
    for (const { station } of secret) await setPassword(env, station, password);
    return payload;
  });

  filter('items.query', (query) => {
    if (looksBehind(query)) throw new Forbidden('Password hashes can be neither compared nor sorted');
    return query;
  });

  filter('Boot.items.create', (payload) => {
    const station = payload.station?.id ?? payload.station;
    if (payload.id === undefined || payload.id === null) {
      if (station) payload.id = String(station);
    } else if (station === undefined || station === null) payload.station = payload.id;
    else if (String(station) !== String(payload.id)) throw new Invalid(BOOT_TEXT);
    return checkBoot(payload);
  });
  filter('Boot.items.update', (payload, { keys }) => {
    if (payload.station !== undefined) {
      const station = String(payload.station?.id ?? payload.station);
      if (keys.some((key) => String(key) !== station)) throw new Invalid(BOOT_TEXT);
    }
    return checkBoot(payload);
  });

  filter('Authorization.items.create', (payload) => {
    if (payload.type === 'NoAuthorization') payload.idToken ??= '';
    if (typeof payload.type !== 'string' || typeof payload.idToken !== 'string') {
      throw new Invalid('A token has an id and a type');
    }
    payload.idToken = payload.idToken.trim();
    if (payload.idToken === '' && payload.type !== 'NoAuthorization') {
      throw new Invalid('Only the token of a start button is empty');
    }
    payload.id = authorizationKey(payload);
    return checkToken(payload);
  });
  filter('Authorization.items.update', async (payload, { keys }, { database }) => {
    if ('idToken' in payload || 'type' in payload) {
      const rows = await database('Authorization').whereIn('id', keys).select('id', 'idToken', 'type');
      if (rows.some((row) => authorizationKey({ ...row, ...payload }) !== row.id)) {
        throw new Invalid('The id and type of a token cannot be changed: make another token');
      }
    }
    return checkToken(payload);
  });
};

const TOKEN_LISTS = ['stations', 'locations', 'evseIds', 'allowedConnectorTypes',
  'disallowedEvseIdPrefixes', 'timesAllowed', 'additionalInfo'];

// What a form cannot check by itself.
function checkToken(payload) {
  if (payload.timeZone) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: payload.timeZone });
    } catch {
      throw new Invalid('There is no time zone of this name; Europe/Berlin is one');
    }
  }
  for (const name of TOKEN_LISTS) {
    if ((payload[name] ?? null) !== null && !Array.isArray(payload[name])) {
      throw new Invalid(`${name} must be a list`);
    }
  }
  for (const time of payload.timesAllowed ?? []) {
    if (!isTime(time?.from) || !isTime(time?.to)) throw new Invalid('A time reads like 08:00 or 23:30');
  }
  if ((payload.evseIds ?? []).some((number) => !/^[1-9]\d{0,8}$/.test(String(number)))) {
    throw new Invalid('EVSEs are given by their numbers, from 1');
  }
  return payload;
}

function isTime(text) {
  return /^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00)$/.test(String(text));
}

const BOOT_TEXT = 'A Boot record belongs to the station that has its id';

function checkBoot(payload) {
  const named = JSON.stringify(payload.pendingBootSetVariables ?? null).toLowerCase();
  if (named.includes('basicauthpassword')) {
    throw new Invalid('A BasicAuthPassword is not kept in plain text: set it on the station instead');
  }
  return payload;
}

// Whose doing it is. Without any accountability it is Directus' own, such as a flow's.
function person(accountability) {
  if (!accountability) return 'directus';
  if (!accountability.user) throw new Forbidden('Only who is signed in may set a password');
  return accountability.user;
}

// Lets Directus itself check the right to change the field of these rows: it writes the empty
// value that the field has anyway, and takes that back. An admin has the right, but the charging
// service would enter a station that is not there, so that a slip of the key made one.
async function checkRight(services, { database, schema, accountability }, collection, keys, field) {
  person(accountability);
  if (!accountability || accountability.admin) {
    const held = await database(collection).whereIn('id', keys).select('id');
    if (held.length < new Set(keys).size) throw new Invalid(`There is no such ${collection}`);
    return;
  }
  const back = new Error('taken back');
  try {
    await database.transaction(async (knex) => {
      const items = new services.ItemsService(collection, { knex, schema, accountability });
      await items.updateMany([...keys], { [field]: null },
        { emitEvents: false, skipTracking: true, autoPurgeCache: false });
      throw back;
    });
  } catch (error) {
    if (error !== back) throw error;
  }
}

// Whether a query would let somebody find out a hash, which is concealed in what he reads.
function looksBehind(query, within = '') {
  if (Array.isArray(query)) return query.some((each) => looksBehind(each, within));
  if (query && typeof query === 'object') {
    return Object.entries(query).some(([name, value]) => {
      const clause = name.replace(/^_/, ''); // as it is written within deep
      return namesHash(name) || looksBehind(value, CLAUSES.has(clause) ? clause : within);
    });
  }
  if (typeof query !== 'string' || !CLAUSES.has(within)) return false;
  return namesHash(query) && (within !== 'fields' || query.includes('('));
}

const CLAUSES = new Set(['sort', 'group', 'aggregate', 'alias', 'fields']);

function namesHash(path) {
  return HASHES.some((hash) => String(path).split(/[^A-Za-z]/).includes(hash));
}

// Takes a secret out of a payload, but leaves the field there, for Directus checks the right to
// write it. What Directus shows in place of a secret means: no change. A number or a list is
// refused rather than dropped, or somebody would believe that the password is set.
function take(payload, field) {
  const value = payload[field];
  if (field in payload) payload[field] = null;
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new Invalid(RULE_TEXT);
  return /^\*+$/.test(value) ? null : value;
}

function namesPassword({ component, variable }) {
  return String(component).toLowerCase() === 'securityctrlr'
    && String(variable).toLowerCase() === 'basicauthpassword';
}

function isThePassword({ type, componentInstance, variableInstance, evseId }) {
  return (type ?? 'Actual') === 'Actual' && !componentInstance && !variableInstance
    && (evseId ?? null) === null;
}

function refuseHashes(payload) {
  if (HASHES.some((field) => field in payload)) {
    throw new Forbidden('Password hashes are written by the charging service alone');
  }
}

async function isService({ database, accountability }) {
  if (!accountability?.user) return false;
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
  const notifications = new services.ItemsService('directus_notifications', { schema: await getSchema() });
  await notifications.createOne({
    recipient: accountability.user,
    subject: `${station}: the password was not set`,
    message: reason,
    collection: 'ChargingStation',
    item: String(station),
  });
}

function passwordKey(station) {
  return derived('VariableAttribute', station, 'securityctrlr', '', '', '', 'basicauthpassword', '',
    'Actual');
}

function authorizationKey({ idToken, type }) {
  return derived('Authorization', String(idToken).toLowerCase(), String(type));
}

// As citrine_py/model/keys.py: a UUIDv5 of the natural key.
function derived(...parts) {
  const escape = (part) => part.replaceAll('\\', '\\\\').replaceAll('|', '\\|');
  const hash = createHash('sha1').update(Buffer.from(KEYS_NAMESPACE.replaceAll('-', ''), 'hex'))
    .update(parts.map(escape).join('|')).digest();
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = hash.subarray(0, 16).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
