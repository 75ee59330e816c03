// Asks the charging service for each selected station or other row, and tells the user what came
// of it in a Directus notification. The form of the flow's dialog is in $trigger.body.

const AT_ONCE = 10;
const OPERATOR_POLICY = 'c1781e00-0000-4000-8000-000000000102';

const number = (value) => (value === undefined || value === null || value === '' ? undefined : Number(value));
const text = (value) => (value === undefined || value === null || value === '' ? undefined : String(value));
const evse = (form) => {
  const id = number(form.evseId);
  return id === undefined ? undefined : { id, connectorId: number(form.connectorId) };
};
const token = (form) => ({ idToken: text(form.idToken) ?? '', type: form.idTokenType ?? 'Central' });
const ask = (module, action, station, body) => ({
  method: 'POST',
  path: `/ocpp/${module}/${action}?identifier=${encodeURIComponent(station)}`,
  body,
});
const time = (value) => (text(value) === undefined ? undefined : new Date(value).toISOString());
const fresh = () => Math.floor(Math.random() * 2 ** 31);
const status = (payload) => {
  const info = payload?.statusInfo;
  const more = info ? ` (${[info.reasonCode, info.additionalInfo].filter(Boolean).join(': ')})` : '';
  return `${payload?.status}${more}`;
};

// The profile that the buttons set and clear; ids that the service chooses are lower.
const limitId = (form) => 1_000_000 + (number(form.evseId) ?? 0);
const schedule = (payload) => {
  const told = payload?.schedule;
  if (!told) return status(payload);
  const start = new Date(told.scheduleStart).getTime();
  return [status(payload), ...told.chargingSchedulePeriod.map(({ startPeriod, limit }) => (
    `  - from ${new Date(start + startPeriod * 1000).toISOString()}: ${limit} ${told.chargingRateUnit}`
  ))].join('\n');
};

const bill = ({ lines, currency, net, tax, total, text: told }) => [
  `${total} ${currency}`,
  ...lines.map(({ what, quantity, unit, price, gross }) => (
    `  - ${what}: ${unit ? `${quantity} ${unit} at ${price}, ` : ''}${gross} ${currency}`)),
  `  - Net ${net}, tax ${tax} ${currency}`,
  `  - Drivers read: ${told}`,
].join('\n');

const setLetter = ({ id }, status) => ({
  method: 'PUT',
  path: `/data/store/deadLetter?id=${encodeURIComponent(id)}`,
  body: { status },
});
const letters = {
  collection: 'DeadLetter',
  many: 'refused changes',
  goes: true,
  name: ({ collection, item, id }) => (collection ? `${collection} ${item}` : id),
};

// Each: the title for the notification, the call for a station, how its answer reads and
// whether it is a success. With a `collection` the rows of that are selected, not stations;
// `name` says how to call one. `good` says by the answer's first word whether it is a success,
// where another word than a status stands there; then that word's line is the title's too. `goes`:
// the row is not there any more when all is well. `away`: the call for a station that is not
// connected, if there is one.
export const requests = {
  reset: {
    title: 'Reset',
    call: (station, form) => ask('configuration', 'reset', station, {
      type: form.type ?? 'OnIdle', evseId: number(form.evseId),
    }),
    read: status,
  },
  getBaseReport: {
    title: 'Get base report',
    call: (station, form) => ask('reporting', 'getBaseReport', station, {
      requestId: fresh(),
      reportBase: form.reportBase ?? 'FullInventory',
    }),
    read: status,
  },
  triggerMessage: {
    title: 'Trigger message',
    call: (station, form) => ask('configuration', 'triggerMessage', station, {
      requestedMessage: form.requestedMessage ?? 'StatusNotification', evse: evse(form),
    }),
    read: status,
  },
  setVariable: {
    title: 'Set variable',
    call: (station, form) => ask('monitoring', 'setVariables', station, {
      setVariableData: [{
        component: { name: form.component, instance: text(form.componentInstance), evse: evse(form) },
        variable: { name: form.variable, instance: text(form.variableInstance) },
        attributeType: text(form.attributeType),
        attributeValue: String(form.value ?? ''),
      }],
    }),
    away: (station, form) => (form.keepWanted === false ? undefined : {
      method: 'PUT',
      path: `/data/monitoring/variableAttribute?stationId=${encodeURIComponent(station)}&whenOnline=true`,
      body: {
        component: { name: form.component, instance: text(form.componentInstance), evse: evse(form) },
        variable: { name: form.variable, instance: text(form.variableInstance) },
        variableAttribute: [{ type: text(form.attributeType), value: String(form.value ?? '') }],
      },
    }),
    read: (payload) => (Array.isArray(payload)
      ? 'Scheduled: kept as wanted, it is sent when the station is back'
      : payload?.setVariableResult?.[0]?.attributeStatus),
  },
  startTransaction: {
    title: 'Start charging',
    call: (station, form) => ask('evdriver', 'requestStartTransaction', station, {
      idToken: token(form), evseId: number(form.evseId),
    }),
    read: status,
  },
  stopTransaction: {
    title: 'Stop charging',
    call: (station, form) => ask('evdriver', 'requestStopTransaction', station, {
      transactionId: String(form.transactionId ?? ''),
    }),
    read: status,
  },
  unlockConnector: {
    title: 'Unlock connector',
    call: (station, form) => ask('evdriver', 'unlockConnector', station, {
      evseId: number(form.evseId), connectorId: number(form.connectorId),
    }),
    read: status,
  },
  reserveNow: {
    title: 'Reserve',
    call: (station, form) => ask('evdriver', 'reserveNow', station, {
      idToken: token(form),
      evseId: number(form.evseId),
      expiryDateTime: new Date(Date.now() + (number(form.minutes) ?? 60) * 60000).toISOString(),
    }),
    read: status,
  },
  cancelReservation: {
    title: 'Cancel reservation',
    call: (station, form) => ask('evdriver', 'cancelReservation', station, {
      reservationId: number(form.reservationId),
    }),
    read: status,
  },
  changeAvailability: {
    title: 'Change availability',
    call: (station, form) => ask('configuration', 'changeAvailability', station, {
      operationalStatus: form.operationalStatus ?? 'Inoperative', evse: evse(form),
    }),
    read: status,
  },
  setPassword: {
    title: 'Set password',
    call: (station, form) => ({
      method: 'POST',
      path: '/data/configuration/password',
      body: {
        stationId: station,
        password: text(form.newPassword),
        setOnCharger: form.setOnCharger === true,
        whenOnline: form.keepWanted === true && form.setOnCharger !== true ? true : undefined,
      },
    }),
    read: (payload) => {
      if (String(payload).startsWith('Updated')) return 'Accepted';
      return String(payload).startsWith('Wanted') ? 'Scheduled: it is sent when the station is back' : payload;
    },
  },
  transactionStatus: {
    title: 'Transaction status',
    collection: 'Transaction',
    call: ({ station, transactionId }) => ask('transactions', 'getTransactionStatus', station, { transactionId }),
    name: ({ station, transactionId }) => `${station}, ${transactionId}`,
    read: ({ ongoingIndicator, messagesInQueue }) => 'Accepted: '
      + (ongoingIndicator ? 'it runs' : 'it does not run')
      + (messagesInQueue ? ', and more will come of it' : ', nothing more waits to be sent'),
  },
  bootPending: {
    title: 'Boot as pending with report',
    call: (station) => ({
      method: 'PUT',
      path: `/data/configuration/boot?stationId=${encodeURIComponent(station)}`,
      body: { status: 'Pending', getBaseReportOnPending: true },
    }),
    read: () => 'Accepted',
    done: 'Its next boot will be answered Pending and its device model fetched',
  },
  updateFirmware: {
    title: 'Update firmware',
    call: (station, form) => ask('configuration', 'updateFirmware', station, {
      retries: number(form.retries),
      firmware: {
        location: text(form.location) ?? '',
        retrieveDateTime: time(form.retrieveDateTime) ?? new Date().toISOString(),
        installDateTime: time(form.installDateTime),
        signingCertificate: text(form.signingCertificate),
        signature: text(form.signature),
      },
    }),
    read: status,
  },
  getLog: {
    title: 'Get log',
    call: (station, form) => ask('reporting', 'getLog', station, {
      logType: form.logType ?? 'DiagnosticsLog',
      log: {
        remoteLocation: text(form.remoteLocation),
        oldestTimestamp: time(form.oldestTimestamp),
        latestTimestamp: time(form.latestTimestamp),
      },
    }),
    read: status,
  },
  customerInformation: {
    title: 'Customer information',
    call: (station, form) => ask('reporting', 'customerInformation', station, {
      report: form.report !== false,
      clear: form.clear === true,
      idToken: text(form.idToken) === undefined ? undefined : token(form),
      customerIdentifier: text(form.customerIdentifier),
    }),
    read: status,
  },
  setChargingLimit: {
    title: 'Set charging limit',
    call: (station, form) => ask('smartcharging', 'setChargingProfile', station, {
      evseId: number(form.evseId) ?? 0,
      chargingProfile: {
        id: limitId(form),
        stackLevel: 0,
        chargingProfilePurpose: number(form.evseId) ? 'TxDefaultProfile' : 'ChargingStationMaxProfile',
        chargingProfileKind: 'Absolute',
        validTo: time(form.validTo),
        chargingSchedule: [{
          startSchedule: new Date().toISOString(),
          chargingRateUnit: form.unit === 'kW' ? 'W' : 'A',
          chargingSchedulePeriod: [{
            startPeriod: 0, limit: number(form.limit) * (form.unit === 'kW' ? 1000 : 1),
          }],
        }],
      },
    }),
    read: status,
  },
  clearChargingLimit: {
    title: 'Clear charging limit',
    call: (station, form) => ask('smartcharging', 'clearChargingProfile', station, {
      chargingProfileId: limitId(form),
    }),
    read: status,
  },
  getChargingProfiles: {
    title: 'Get charging profiles',
    call: (station, form) => ask('smartcharging', 'getChargingProfiles', station, {
      evseId: number(form.evseId),
      chargingProfile: { chargingLimitSource: ['EMS', 'Other', 'SO', 'CSO'] },
    }),
    read: status,
  },
  getCompositeSchedule: {
    title: 'Composite schedule',
    call: (station, form) => ask('smartcharging', 'getCompositeSchedule', station, {
      evseId: number(form.evseId) ?? 0,
      duration: Math.round((number(form.hours) ?? 24) * 3600),
      chargingRateUnit: form.unit ?? 'A',
    }),
    read: schedule,
  },
  setDisplayMessage: {
    title: 'Set display message',
    call: (station, form) => ask('configuration', 'setDisplayMessage', station, {
      message: {
        id: number(form.messageId) ?? fresh(),
        priority: form.priority ?? 'NormalCycle',
        state: text(form.state),
        endDateTime: time(form.endDateTime),
        message: {
          format: 'UTF8', language: text(form.language), content: text(form.content) ?? '',
        },
      },
    }),
    read: status,
  },
  retry: {
    ...letters,
    title: 'Retry',
    call: (letter) => setLetter(letter, 'Retry'),
    read: (_payload, row) => {
      if (row === null) return 'Accepted: Directus has it now';
      return row.status === 'Open' ? `Refused again: ${row.reason}` : 'Scheduled: it is on its way';
    },
  },
  discard: {
    ...letters,
    title: 'Discard',
    call: (letter) => setLetter(letter, 'Discard'),
    read: (_payload, row) => (row === null ? 'Accepted: given up' : 'Scheduled: it is on its way'),
  },
  clearCache: {
    title: 'Clear cache',
    call: (station) => ask('evdriver', 'clearCache', station, {}),
    read: status,
  },
  sendLocalList: {
    title: 'Send local list',
    call: (station) => ({
      method: 'POST',
      path: `/data/evdriver/localListVersion?stationId=${encodeURIComponent(station)}`,
      body: {},
    }),
    read: status,
  },
  renewCertificate: {
    title: 'Renew certificate',
    call: (station, form) => ask('configuration', 'triggerMessage', station, {
      requestedMessage: form.requestedMessage ?? 'SignChargingStationCertificate',
    }),
    read: status,
  },
  getInstalledCertificates: {
    title: 'Get installed certificates',
    call: (station, form) => ask('certificates', 'getInstalledCertificateIds', station, {
      certificateType: text(form.certificateType) && [form.certificateType],
    }),
    read: (payload) => (payload?.status === 'NotFound' ? 'Accepted (it has none)' : status(payload)),
  },
  installRoot: {
    title: 'Install root',
    call: (station, form) => ({
      method: 'PUT',
      path: '/data/certificates/rootCertificate',
      body: {
        stationId: station,
        certificateType: form.certificateType ?? 'CSMSRootCertificate',
        certificate: text(form.certificate),
      },
    }),
    read: status,
  },
  previewTariff: {
    title: 'Preview a charge',
    collection: 'Tariff',
    call: ({ id }, form) => ({
      method: 'GET',
      path: `/data/transactions/tariff/preview?${new URLSearchParams({
        id, kWh: form.kWh ?? 30, minutes: form.minutes ?? 45,
        idleMinutes: text(form.idleMinutes) ?? 0, at: text(form.at) ?? '',
      })}`,
    }),
    name: ({ name, id }) => name ?? id,
    read: bill,
    good: () => true,
  },
};

const GOOD = new Set(['Accepted', 'AcceptedCanceled', 'NoProfiles', 'Scheduled', 'RebootRequired', 'Unlocked']);

export default {
  id: 'citrine-operation',
  handler: async ({ request }, { data, accountability, database, env, services, getSchema }) => {
    await checkCaller(database, accountability);
    const wanted = requests[request];
    if (!wanted) throw new Error(`There is no request ${request}`);
    const form = data.$trigger?.body ?? {};
    const keys = (form.keys ?? []).map(String);
    const targets = wanted.collection ? await rowsOf(database, wanted.collection, keys) : keys;
    const outcomes = [];
    for (let i = 0; i < targets.length; i += AT_ONCE) {
      const some = targets.slice(i, i + AT_ONCE);
      outcomes.push(...await Promise.all(some.map((target) => one(wanted, target, form, env))));
    }
    await tell(services, getSchema, accountability, wanted, keys, outcomes);
    return outcomes;
  },
};

class Refusal extends Error {
  constructor() {
    super('Only operators may do this: your account lacks the policy "Operator"');
    this.name = 'DirectusError';
    this.status = 403;
    this.code = 'FORBIDDEN';
    this.extensions = { reason: this.message };
  }
}

// The selected rows; of one that is gone only the key.
async function rowsOf(database, collection, keys) {
  const known = keys.filter((key) => /^[0-9a-f-]{36}$/i.test(key));
  const rows = new Map((await database(collection).whereIn('id', known)).map((row) => [row.id, row]));
  return keys.map((key) => rows.get(key) ?? { id: key });
}

// Directus lets everybody who can see a station run its flows, and the call is made with the
// token of our API. Without accountability it is a flow that runs by itself, made by an admin.
async function checkCaller(database, accountability) {
  if (!accountability || accountability.admin) return;
  const { user, roles } = accountability;
  const holds = user && await database('directus_access').where({ policy: OPERATOR_POLICY })
    .where((any) => any.where({ user }).orWhereIn('role', roles ?? [])).first('id');
  if (!holds) throw new Refusal();
}

async function one(wanted, target, form, env) {
  const told = await asked(wanted, wanted.call(target, form), target, env);
  const later = told.away && wanted.away?.(target, form);
  const { away, ...outcome } = later ? await asked(wanted, later, target, env) : told;
  return outcome;
}

// What came of one call. `away`: the station is not connected.
async function asked(wanted, { method, path, body }, target, env) {
  const station = wanted.name ? wanted.name(target) : target;
  let response;
  try {
    response = await fetch(new URL(path, env.CITRINE_API_URL), {
      method,
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${env.CITRINE_API_TOKEN}`,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(120000),
    });
  } catch {
    return { station, success: false, outcome: 'the charging service does not answer' };
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer === undefined) {
    return { station, success: false, outcome: 'the charging service stopped in the middle of its answer' };
  }
  if (!response.ok) {
    const outcome = String(answer?.payload ?? `status ${response.status}`);
    const away = response.status === 502 && outcome.endsWith('is not connected');
    return { station, success: false, outcome, away };
  }
  const said = wanted.read(answer?.payload ?? answer, answer);
  const good = wanted.good ?? ((word) => GOOD.has(word));
  return { station, success: good(String(said).split(/[\s:]/)[0]), outcome: wanted.done ?? said };
}

async function tell(services, getSchema, accountability, wanted, keys, outcomes) {
  if (!accountability?.user) return;
  const { title, collection, good, goes, many } = wanted;
  const failed = outcomes.filter(({ success }) => !success).length;
  const single = outcomes.length === 1 ? outcomes[0] : null;
  const verdict = failed === 0 ? 'done' : failed === outcomes.length ? 'failed' : `${failed} failed`;
  const name = good && single?.success ? String(single.outcome).split('\n')[0] : single?.station;
  const notifications = new services.ItemsService('directus_notifications', { schema: await getSchema() });
  await notifications.createOne({
    recipient: accountability.user,
    subject: single ? `${title}: ${name} ${verdict}` : `${title}: ${outcomes.length} ${many ?? (collection ? 'rows' : 'stations')}, ${verdict}`,
    message: outcomes.map(({ station, outcome }) => `- ${station}: ${outcome}`).join('\n'),
    collection: collection ?? 'ChargingStation',
    item: single && !goes ? keys[0] : null,
  });
}
