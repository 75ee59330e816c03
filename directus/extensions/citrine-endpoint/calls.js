// Who may call, what a call must look like, and how a failure is answered.

const SERVICE_POLICY = 'c1781e00-0000-4000-8000-000000000101';
const MOST_ROWS = 20000;

export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

// The service's policy, and not the admin's: not even an admin reads hashes by this way.
export async function checkCaller(database, accountability) {
  const user = accountability?.user;
  const holds = user && await database('directus_access')
    .where({ user, policy: SERVICE_POLICY }).first('id');
  if (!holds) throw new Refusal(403, 'FORBIDDEN', "Only the charging service's own account may");
}

export function nameIn(allowed, name) {
  if (!allowed.includes(name)) {
    throw new Refusal(403, 'FORBIDDEN', 'This collection is not among those used in this way');
  }
  return name;
}

export function listOf(body, name) {
  const list = body?.[name];
  if (!Array.isArray(list)) throw invalid(`${name} must be a list`);
  if (list.length > MOST_ROWS) throw invalid(`${name} has more than ${MOST_ROWS} entries`);
  return list;
}

export function invalid(message) {
  return new Refusal(400, 'INVALID_PAYLOAD', message);
}

const BY_SQLSTATE = {
  23503: 'INVALID_FOREIGN_KEY',
  23502: 'NOT_NULL_VIOLATION',
  22001: 'VALUE_TOO_LONG',
  22003: 'VALUE_OUT_OF_RANGE',
};
const PASSES = ['40001', '40P01', '55P03']; // others were in the way: deadlock, lock not granted

export function translate(error, logger) {
  if (error instanceof Refusal) return error;
  const first = Array.isArray(error) ? error[0] : error; // of several failed validations, one
  if (first?.name === 'DirectusError') {
    // FORBIDDEN alone would say that this whole way is closed
    const code = first.code === 'FORBIDDEN' ? 'ROW_FORBIDDEN' : first.code;
    return new Refusal(first.status ?? 400, code, first.message);
  }
  const state = String(first?.code ?? '');
  if (BY_SQLSTATE[state]) return new Refusal(400, BY_SQLSTATE[state], first.detail ?? 'Refused');
  if (state.startsWith('22') || state.startsWith('23')) {
    return invalid('The database refused a value');
  }
  if (PASSES.includes(state)) {
    return new Refusal(503, 'SERVICE_UNAVAILABLE', 'Others were writing the same rows');
  }
  logger.error(`citrine endpoint: ${state || first?.name}`);
  return new Refusal(500, 'INTERNAL_SERVER_ERROR', 'The database could not do it');
}
