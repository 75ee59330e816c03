// What operators want of stations: a wish that is edited is to be sent, and one that cannot come
// true is refused in the form. A network profile has the key that the charging service gives it,
// and none of its secrets.

const LONGEST = 1000; // characters that SetVariables has room for
const SECRETS = { apn: ['apnPassword', 'simPin'], vpn: ['password', 'key'] };

export function checkWishes({ filter }, { isService, namesPassword, derived, refuse }) {
  filter('VariableAttribute.items.create', async (payload, _meta, context) => {
    if (await isService(context)) return payload;
    return wanted(payload, [payload]);
  });

  filter('VariableAttribute.items.update', async (payload, { keys }, context) => {
    if (!('wantedValue' in payload || 'wantedProgress' in payload)) return payload;
    if (await isService(context)) return payload;
    const rows = await context.database('VariableAttribute').whereIn('id', keys)
      .select('component', 'variable', 'mutability', 'wantedValue');
    return wanted(payload, rows);
  });

  // A new value, or Wanted chosen again, is to be sent; what became of it only the service says.
  function wanted(payload, rows) {
    const { wantedValue, wantedProgress, ...rest } = payload;
    if (wantedValue === undefined && (wantedProgress ?? null) === null) return rest;
    const open = { wantedProgress: 'Wanted' };
    if (wantedValue === undefined) {
      if (wantedProgress !== 'Wanted') throw refuse('Only Wanted can be chosen: the value is sent again');
      if (rows.some((row) => (row.wantedValue ?? null) === null)) throw refuse('There is no wanted value to send');
      return { ...rest, ...open };
    }
    if (wantedValue === null) return { ...rest, wantedValue, wantedProgress: null };
    if (String(wantedValue).length > LONGEST) throw refuse(`A value has at most ${LONGEST} characters`);
    for (const row of rows) {
      const name = `${row.component}.${row.variable}`;
      if (namesPassword(row)) throw refuse('A password is not kept in plain text: use the button "Set password"');
      if (row.mutability === 'ReadOnly') throw refuse(`${name} is ReadOnly: the station does not let it be set`);
    }
    return { ...rest, ...open, wantedValue: String(wantedValue) };
  }

  filter('NetworkProfile.items.create', async (payload, _meta, context) => {
    if (await isService(context)) return payload;
    const station = payload.station?.id ?? payload.station;
    const slot = payload.configurationSlot;
    if (!station || !Number.isInteger(slot)) throw refuse('A network profile has a station and a slot');
    payload.id = profileKey(station, slot);
    return checkProfile(payload);
  });

  filter('NetworkProfile.items.update', async (payload, { keys }, context) => {
    if (await isService(context)) return payload;
    if ('station' in payload || 'configurationSlot' in payload) {
      const rows = await context.database('NetworkProfile').whereIn('id', keys)
        .select('id', 'station', 'configurationSlot');
      const moved = rows.some((row) => {
        const { station, configurationSlot: slot } = { ...row, ...payload };
        return profileKey(station?.id ?? station, slot) !== row.id;
      });
      if (moved) throw refuse('The station and slot of a profile cannot be changed: make another one');
    }
    return checkProfile(payload);
  });

  function profileKey(station, slot) {
    return derived('NetworkProfile', String(station), String(slot));
  }

  function checkProfile(payload) {
    for (const [part, secrets] of Object.entries(SECRETS)) {
      const value = payload[part] ?? null;
      if (value === null) continue;
      if (typeof value !== 'object' || Array.isArray(value)) throw refuse(`${part} must be an object`);
      const held = secrets.filter((name) => name in value);
      if (held.length) {
        throw refuse(`${part}.${held[0]}: secrets do not stand here, send the profile by the API`);
      }
    }
    const { ocppCsmsUrl: url, securityProfile } = payload;
    if (url && !/^wss?:\/\/[^\s/@?#]+(\/[^\s?#@]*)?$/i.test(url)) {
      throw refuse('An address reads like wss://csms.example:8443, without user and password');
    }
    if ((securityProfile ?? null) !== null && ![0, 1, 2, 3].includes(securityProfile)) {
      throw refuse('A security profile is 0, 1, 2 or 3');
    }
    return payload;
  }
}
